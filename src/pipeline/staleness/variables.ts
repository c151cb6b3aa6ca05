import type { LockedVariable } from '../records/signature.js';
import type { Stage } from '../definition/stage/stage.js';

/** The variables that count for a stage and their values now, sorted by name; null for one that is not set. */
export function variablesNow(
  { env }: Pick<Stage, 'env'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LockedVariable[] {
  return env.map(({ name, value }) => ({ name, value: value ?? environment[name] ?? null }));
}
