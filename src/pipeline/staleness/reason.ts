import type { JsonValue } from '../../base/canonical-json.js';
import { plainValue } from '../../base/plain-value.js';

/** Why a stage is not fresh. Scripts rely on these words. */
export type ReasonKind =
  /** Its result was never recorded. */
  | 'never-run'
  /** Its last run was killed, failed, or was not to be recorded. */
  | 'interrupted'
  | 'command-changed'
  | 'wdir-changed'
  | 'dep-changed'
  | 'dep-added'
  | 'dep-removed'
  | 'dep-missing'
  /** A pattern that names no file, lines that a file does not have, nothing that git holds. */
  | 'dep-empty'
  /** A declared variable of the environment. */
  | 'env-changed'
  | 'param-changed'
  | 'output-added'
  | 'output-removed'
  /** Nothing is there. */
  | 'output-missing'
  /** A checkout or pull brought only some of its files. */
  | 'output-incomplete'
  /** Edited by hand: neither what the stage made nor what ocrpipe put there. */
  | 'output-changed'
  /** Pointer, lock and workspace name different results of ocrpipe's own, as after `git checkout`. */
  | 'output-moved'
  /** A stage that it depends on would run. */
  | 'upstream'
  | 'always'
  | 'forced'
  /** Run a second time, to compare what it makes. */
  | 'compared';

/** `subject`: the path, `file:key`, stage or command it is about. `old`, `new`: content ids, values or texts. */
export interface Reason {
  readonly kind: ReasonKind;
  readonly subject: string;
  readonly old?: JsonValue;
  readonly new?: JsonValue;
}

/** One reason in a few words, for a line of progress. */
export function reasonText({ kind, subject, old, new: now }: Reason): string {
  switch (kind) {
    case 'never-run':
      return 'never run';
    case 'interrupted':
      return 'its last run was not recorded';
    case 'command-changed':
      return 'command changed';
    case 'wdir-changed':
      return 'working folder changed';
    case 'param-changed':
      return `${subject}: ${valueText(old)} -> ${valueText(now)}`;
    case 'env-changed':
      return `environment ${subject}: ${variableText(old)} -> ${variableText(now)}`;
    case 'upstream':
      return `${subject} runs before it`;
    case 'always':
      return 'runs always';
    case 'forced':
      return 'forced';
    case 'compared':
      return 'runs again, to compare what it makes';
    default:
      return `${subject} ${VERBS[kind]}`;
  }
}

const VERBS = {
  'dep-changed': 'changed',
  'dep-added': 'is a new dependency',
  'dep-removed': 'is no dependency any more',
  'dep-missing': 'is not there',
  'dep-empty': 'matches nothing',
  'output-added': 'is a new output',
  'output-removed': 'is no output any more',
  'output-missing': 'is not there',
  'output-incomplete': 'is not all here',
  'output-changed': 'was edited by hand',
  'output-moved': 'is of another run',
} as const;

function variableText(value: JsonValue | undefined): string {
  if (value === undefined) return '(not declared)';
  return value === null ? '(not set)' : plainValue(value);
}

function valueText(value: JsonValue | undefined): string {
  return value === undefined ? '(none)' : plainValue(value);
}
