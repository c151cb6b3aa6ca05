import { z } from 'zod';
import { userError, type OcrpipeError } from './errors.js';
import { suggest } from './nearest.js';
import type { YamlFile } from './yaml-file.js';

type Path = readonly (string | number)[];
type JsonSchema = Record<string, unknown>;

/**
 * The value of a YAML file as `schema` describes it. Throws the first violation with the place where it stands:
 * `unknown-key` (with the nearest known name) or `invalid-value`, exit code 2.
 */
export function checkYaml<T>(yaml: YamlFile, schema: z.ZodType<T>): T {
  const result = schema.safeParse(yaml.value);
  if (result.success) return result.data;
  const { issues } = result.error;
  // A misspelt key is also a missing one; the misspelling says more.
  throw describeIssue(yaml, schema, issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!);
}

function describeIssue(yaml: YamlFile, schema: z.ZodType, issue: z.core.$ZodIssue): OcrpipeError {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    return userError('unknown-key', `${yaml.file} has the unknown key '${[...path, key].join('.')}'`, {
      location: yaml.locate([...path, key], { key: true }),
      // One that other alternatives of the schema know is no misspelling of itself.
      hint: suggest(
        key,
        keysAt(schema, path).filter((known) => known !== key),
      ),
    });
  }
  const where = path.length === 0 ? 'it' : `'${path.join('.')}'`;
  const what = isMissing(yaml.value, path) ? 'is missing' : `is not valid: ${issueText(issue)}`;
  return userError('invalid-value', `${yaml.file}: ${where} ${what}`, {
    location: yaml.locate(path),
    hint: 'Correct the file.',
  });
}

/** True if `path` ends at a key that its map does not have. */
function isMissing(value: unknown, path: Path): boolean {
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((node, part) => record(node)[part], value);
  return typeof last === 'string' && typeof parent === 'object' && parent !== null && !(last in parent);
}

const KINDS: Readonly<Record<string, string>> = {
  record: 'a map (key: value)',
  object: 'a map (key: value)',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** What a value must be, in words of YAML. */
export function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small' && (issue.origin === 'string' || issue.origin === 'array')) {
    return 'must not be empty';
  }
  if (issue.code === 'invalid_value' && issue.values.length > 1) {
    return `must be one of ${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'invalid_union') {
    const { options } = issue as { options?: unknown[] };
    // No alternative has the value of the key that tells them apart.
    if (options !== undefined)
      return `must be one of ${options.filter((each) => typeof each === 'string').join(', ')}`;
    const texts = issue.errors.flatMap((errors) => errors.slice(0, 1).map(issueText));
    return (
      [...new Set(texts)].join(', or ').replaceAll(', or must be', ', or') ||
      'it is none of the values that are known'
    );
  }
  return issue.message.replace(/^(?:Invalid input|Too small|Too big): /, '');
}

/** The keys that `schema` knows at `path`; none where it takes any. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  let nodes: JsonSchema[] = [root];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => child(node, part));
  return [...new Set(nodes.flatMap(alternatives).flatMap((node) => Object.keys(record(node['properties']))))];
}

function alternatives(node: JsonSchema): JsonSchema[] {
  const any = node['anyOf'] ?? node['oneOf'] ?? node['allOf'];
  return Array.isArray(any) ? (any as JsonSchema[]).flatMap(alternatives) : [node];
}

function child(node: JsonSchema, part: string | number): JsonSchema[] {
  const next =
    typeof part === 'number'
      ? node['items']
      : (record(node['properties'])[part] ?? node['additionalProperties']);
  return typeof next === 'object' && next !== null ? [next as JsonSchema] : [];
}

function record(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
}
