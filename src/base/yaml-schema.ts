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
      hint: suggest(key, knownKeys(schema, path)),
    });
  }
  const where = path.length === 0 ? 'it' : `'${path.join('.')}'`;
  return userError('invalid-value', `${yaml.file}: ${where} is not valid: ${issue.message}`, {
    location: yaml.locate(path),
    hint: 'Correct the file.',
  });
}

/** The keys that `schema` knows at `path`; none where it takes any. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
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
