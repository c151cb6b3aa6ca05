import type { z } from 'zod';
import type { Location } from '../../../base/errors.js';
import { suggest } from '../../../base/nearest.js';
import { issueText } from '../../../base/yaml-schema.js';
import { GROUP_KEYS, knownKeys } from './definition-schema.js';
import type { Problem } from '../problems/problems.js';
import type { YamlPath } from '../stage/stage.js';

/** What was checked, and how its places are found. */
export interface Checked {
  /** The file. */
  readonly file: string;
  readonly value: unknown;
  /** What leads to the checked value; names a stage by its whole name. */
  readonly base: YamlPath;
  readonly locate: (path: YamlPath, options?: { key?: boolean }) => Location;
  /** Where a value at this path came from, if not from the file itself: ends a message. */
  readonly from: (path: YamlPath) => string;
}

/** What a violation of the schema is called, at its place. */
export function issueProblems(issue: z.core.$ZodIssue, checked: Checked): Problem[] {
  return insideUnion(issue).flatMap((each) => problemsOf(each, checked));
}

/** Where one alternative has the right form and something wrong inside it, that is what is wrong. */
function insideUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const isOtherForm = (errors: readonly z.core.$ZodIssue[]): boolean =>
    errors.some(({ path, code }) => path.length === 0 && code === 'invalid_type');
  const [fitting, ...others] = issue.errors.filter((errors) => !isOtherForm(errors));
  if (fitting === undefined || others.length > 0) return [issue];
  return fitting.flatMap((inner) => insideUnion({ ...inner, path: [...issue.path, ...inner.path] }));
}

function problemsOf(issue: z.core.$ZodIssue, checked: Checked): Problem[] {
  const inside = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const path = [...checked.base, ...inside];
  const place = placeName(path, checked.file);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({
      code: 'unknown-key',
      message: `${place} has no key '${key}'`,
      hint: GROUP_KEYS.includes(key) ? GROUP_HINT : suggest(key, known),
      location: checked.locate([...path, key], { key: true }),
    }));
  }
  if (issue.code === 'invalid_key') {
    return [
      {
        code: 'invalid-value',
        message: `'${String(path.at(-1))}' cannot be the name of a stage`,
        hint: "Use letters, digits, '_', '-', '.', '=' and '@', at most 200, starting with a letter or digit.",
        location: checked.locate(path, { key: true }),
      },
    ];
  }
  const value = valueAt(checked.value, inside);
  const hint =
    path.length <= 1
      ? 'Write the stages below it, each under its name.'
      : (listHint(value, issue) ?? KEY_HINTS[String(inside[0])]);
  return [
    {
      code: 'invalid-value',
      message: `${place}: ${wordsOf(value, issue)}${checked.from(inside)}`,
      ...(hint !== undefined && { hint }),
      location: checked.locate(path),
    },
  ];
}

const GROUP_HINT = "Right below a stage's name stand 'foreach' and 'do', or 'matrix', or neither.";

/** What is written at keys that take more than their form says. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  run: 'Write a command line, or a list of them.',
  timeout: 'Write for example 90s, 10m or 1h30m.',
  retry: 'Write how often (3), or for example {count: 3, delay: 10s, backoff: 2}.',
  resources: 'Write for example {gpu: 1, memory: 8GiB}.',
};

/** One text where a list of them belongs. */
function listHint(value: unknown, issue: z.core.$ZodIssue): string | undefined {
  if (issue.code !== 'invalid_type' || issue.expected !== 'array') return undefined;
  if (typeof value !== 'string') return undefined;
  return `Write [${/^[\w./@+-]+$/.test(value) ? value : JSON.stringify(value)}].`;
}

function wordsOf(value: unknown, issue: z.core.$ZodIssue): string {
  // What a short form stands for is nowhere written; what is wrong with it is told.
  if (value === undefined && issue.code === 'invalid_type') return 'is missing';
  return value === null ? `is empty, and ${issueText(issue)}` : issueText(issue);
}

/** Undefined where nothing is written. */
function valueAt(value: unknown, path: YamlPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

function placeName(path: YamlPath, file: string): string {
  if (path.length === 0) return file;
  if (path.length === 1) return `'${String(path[0])}'`;
  const rest = path.slice(2).map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`));
  return `stage '${String(path[1])}'${rest.length === 0 ? '' : ` at ${rest.join('').replace(/^\./, '')}`}`;
}
