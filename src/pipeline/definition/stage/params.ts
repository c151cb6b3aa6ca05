import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';
import { OcrpipeError, userError, type Location } from '../../../base/errors.js';
import { escapeKey, flattenJson, splitKey } from '../../../base/flatten-json.js';
import { missingSpace, missingSpaceAdvice } from '../../../base/missing-space.js';
import { nearestName, suggest } from '../../../base/nearest.js';
import type { RepoPath } from '../../../base/paths.js';
import { parseValuesFile } from '../../../base/values-file.js';
import type { YamlFile } from '../../../base/yaml-file.js';
import { problemOf, throwProblems, type Problem } from '../problems/problems.js';
import type { ParamsUse, Pipeline, Stage } from './stage.js';

/** One parameter as a stage sees it. `key` '' is the whole file. */
export interface ParamValue {
  readonly file: RepoPath;
  readonly key: string;
  readonly value: JsonValue;
}

/** The parameters files of a workspace, each parsed once for each text that it has. */
export class ParamsFiles {
  private readonly parsed = new Map<RepoPath, { text: string; file: YamlFile }>();
  private readonly read: (path: RepoPath) => string | undefined;

  constructor(read: (path: RepoPath) => string | undefined) {
    this.read = read;
  }

  /**
   * The values that a stage uses, sorted by file and key. Throws `missing-parameters-file` and `missing-parameter` at the
   * place in pipeline.yaml, and `invalid-parameter` at the value for one that has no canonical form (NaN, huge integers).
   */
  valuesOf(stage: Stage, pipeline: Pipeline): ParamValue[] {
    const { values, problems } = this.look(stage, pipeline);
    throwProblems(problems);
    const unique = new Map(values.map((param) => [`${param.file}\0${param.key}`, param]));
    return [...unique.values()].sort((a, b) => compareText(a.file, b.file) || compareText(a.key, b.key));
  }

  /** The values that can be had, and all that is wrong with the others. */
  look(stage: Stage, pipeline: Pipeline): { values: readonly ParamValue[]; problems: readonly Problem[] } {
    const values: ParamValue[] = [];
    const problems: Problem[] = [];
    for (const use of stage.params) {
      const location = pipeline.locate(use.at);
      const file = orProblem(() => this.file(use.file, stage, location), problems);
      if (file === undefined) continue;
      for (const [index, key] of (use.keys ?? ['']).entries()) {
        const wanted = { stage, use, location: pipeline.locate([...use.at, 'keys', index]) };
        const value = orProblem(() => this.value(file, key, wanted), problems);
        if (value) values.push({ file: use.file, key, value: value.value });
      }
    }
    return { values, problems };
  }

  private value(file: YamlFile, key: string, wanted: Wanted): { value: JsonValue } {
    const value = valueAt(file.value, key);
    if (value === undefined) throw missingParameter(file, key, wanted);
    refuseNotCanonical(file, key, value);
    return { value };
  }

  private file(path: RepoPath, stage: Stage, location: Location): YamlFile {
    const text = this.read(path);
    if (text === undefined) {
      throw userError(
        'missing-parameters-file',
        `'${path}', which holds parameters of stage '${stage.name}', is not there`,
        { location, hint: `Write ${path}, or name another file: {file: other.yaml, keys: [...]}.` },
      );
    }
    // A stage may make the file anew, so it is read each time and parsed when its text is another.
    const known = this.parsed.get(path);
    if (known?.text === text) return known.file;
    const file = parseValuesFile(text, path);
    this.parsed.set(path, { text, file });
    return file;
  }
}

/** Code-unit order: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The value under a dotted key (`a\.b`: the key 'a.b' itself); '' is the whole. Undefined if there is none. */
function valueAt(value: unknown, key: string): JsonValue | undefined {
  if (key === '') return (value ?? null) as JsonValue;
  let current = value;
  for (const part of splitKey(key)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string, unknown>)[part];
  }
  return current as JsonValue | undefined;
}

/** Where a key is asked for. */
interface Wanted {
  readonly stage: Stage;
  readonly use: ParamsUse;
  readonly location: Location;
}

function missingParameter(file: YamlFile, key: string, { stage, use, location }: Wanted): OcrpipeError {
  // Single keys of a file may stand among the dependencies, too.
  const section = use.at.includes('deps') ? 'deps' : 'params';
  return userError('missing-parameter', `${file.file} has no '${key}', which stage '${stage.name}' uses`, {
    location,
    hint: missingHint(file, key, section),
  });
}

/** What `work` gives; undefined, and its problem told, if it throws one of the user's. */
function orProblem<T>(work: () => T, problems: Problem[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    problems.push(problemOf(error));
    return undefined;
  }
}

function missingHint(file: YamlFile, key: string, section: 'deps' | 'params'): string {
  const stuck = stuckTo(file.value, key);
  if (stuck !== undefined) return `There is '${stuck.key}:${stuck.value}': ${missingSpaceAdvice(stuck)}`;
  const known = typeof file.value === 'object' && file.value !== null ? knownKeys(file.value) : [];
  const near = nearestName(key, known);
  if (near !== undefined) return `Did you mean '${near}'?`;
  // Sections with defaults are a matter of parameters: what else is asked for by key is asked for because it is there.
  const isSection = section === 'params' && splitKey(key).length === 1;
  const add = isSection
    ? `Write \`${file.file.endsWith('.toml') ? `[${key}]` : `${key}: {}`}\` into ${file.file}, if it is a section of which the defaults shall do,`
    : `Write it into ${file.file}`;
  const list = known.length === 0 ? 'The file is empty.' : suggest(key, known);
  return `${add} or take it out of \`${section}\`. ${list}`;
}

/** `key:0.01` where a value should be: the key that is missing, without a space after its colon. */
function stuckTo(value: unknown, key: string): ReturnType<typeof missingSpace> {
  const parts = splitKey(key);
  const parent = parts.length === 1 ? value : valueAt(value, parts.slice(0, -1).map(escapeKey).join('.'));
  const stuck = typeof parent === 'string' ? missingSpace(parent) : undefined;
  return stuck?.key === parts.at(-1) ? stuck : undefined;
}

function knownKeys(value: object): string[] {
  const top = Object.keys(value).map(escapeKey);
  return [...new Set([...top, ...flattenJson(value as JsonValue).keys()])].slice(0, 200);
}

/** A whole number with a leading zero: YAML 1.1, which many programs read, takes it for an octal one. */
const OCTAL_LOOK = /^[-+]?0\d+$/;

function leadingZero(file: YamlFile, leaf: string, value: number): OcrpipeError {
  const written = file.source(splitKey(leaf)) ?? '';
  return userError(
    'invalid-parameter',
    `${file.file}: '${leaf}' is no value to compare: ${written} is ${value} to readers of YAML 1.2, and an octal number to those of 1.1`,
    {
      location: file.locate(splitKey(leaf)),
      hint: `Write ${value}, 0o${written.replace(/^[-+]?0+/, '') || '0'} for the octal number, or a text in quotes.`,
    },
  );
}

function refuseNotCanonical(file: YamlFile, key: string, value: JsonValue): void {
  for (const [leaf, each] of flattenJson(value, key)) {
    if (typeof each === 'number' && OCTAL_LOOK.test(file.source(splitKey(leaf)) ?? '')) {
      throw leadingZero(file, leaf, each);
    }
    requireCanonical(file, leaf, each);
  }
  // Keys as well as values.
  requireCanonical(file, key, value);
}

function requireCanonical(file: YamlFile, key: string, value: JsonValue): void {
  try {
    canonicalJson(value);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    throw userError(
      'invalid-parameter',
      `${file.file}: '${key}' is no value to compare: ${asWritten(file, key, value, error.message)}`,
      {
        location: file.locate(splitKey(key)),
        hint: Number.isInteger(value)
          ? 'Write it as a text in quotes, or give a smaller number.'
          : 'Write it as a text in quotes.',
        cause: error,
      },
    );
  }
}

/** A message about an integer, with that as it is written: what was read of it may already be another. */
function asWritten(file: YamlFile, key: string, value: JsonValue, message: string): string {
  if (typeof value !== 'number') return message;
  const written = file.source(splitKey(key)) ?? '';
  return /^[-+]?\d+$/.test(written) ? message.replace(`${value}`, written) : message;
}
