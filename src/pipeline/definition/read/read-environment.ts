import { RESERVED_VARIABLES } from '../../stage-variables.js';
import type { WrittenStage } from '../schema/definition-schema.js';
import type { Reading } from '../dependencies/read-dependencies.js';
import type { Secret, Variable, YamlPath } from '../stage/stage.js';
import type { WrittenEnv, WrittenValue } from '../schema/written-env.js';

const NAME = /^[A-Za-z_]\w*$/;

/** The variables that a stage declares, sorted by name: those that count, and those that are written nowhere. */
export function readEnvironment(
  { env, secrets }: Pick<WrittenStage, 'env' | 'secrets'>,
  base: YamlPath,
  { refuse }: Pick<Reading, 'refuse'>,
): { env: Variable[]; secrets: Secret[] } {
  const variables = env === undefined ? [] : variablesOf(env, [...base, 'env']);
  const secret = (secrets ?? []).map((name, index): Secret => ({ name, at: [...base, 'secrets', index] }));
  const seen = new Set<string>();
  for (const { name, at } of [...variables, ...secret]) {
    const problem = nameProblem(name, seen);
    if (problem) refuse(at, { code: 'invalid-value', ...problem });
    seen.add(name);
  }
  return { env: byName(variables), secrets: byName(secret) };
}

function variablesOf(env: WrittenEnv, at: YamlPath): Variable[] {
  if (!Array.isArray(env)) return valuesOf(env as Readonly<Record<string, WrittenValue>>, at);
  return (env as readonly (string | Readonly<Record<string, WrittenValue>>)[]).flatMap((item, index) =>
    typeof item === 'string' ? [{ name: item, at: [...at, index] }] : valuesOf(item, [...at, index]),
  );
}

function valuesOf(values: Readonly<Record<string, WrittenValue>>, at: YamlPath): Variable[] {
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value), at: [...at, name] }));
}

function nameProblem(name: string, seen: ReadonlySet<string>): { message: string; hint: string } | undefined {
  if (!NAME.test(name)) {
    const hint =
      'Use letters, digits and _, not beginning with a digit; a value stands in a map: {NAME: value}.';
    return { message: `'${name}' cannot be the name of a variable`, hint };
  }
  if (RESERVED_VARIABLES.includes(name)) {
    return { message: `ocrpipe sets ${name} itself for every stage`, hint: 'Leave it out.' };
  }
  if (!seen.has(name)) return undefined;
  return {
    message: `the variable ${name} is declared twice`,
    hint: 'Name it once: under env if its value counts, under secrets if nobody may see it.',
  };
}

function byName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  const unique = new Map(items.map((item) => [item.name, item]));
  return [...unique.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
