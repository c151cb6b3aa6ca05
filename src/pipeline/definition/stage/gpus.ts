import { readdirSync } from 'node:fs';

/** Which GPUs a program may see: CUDA's own variable. */
export const GPUS_VARIABLE = 'CUDA_VISIBLE_DEVICES';

/**
 * The ids of the GPUs that stages may be given: those that the user chose by `CUDA_VISIBLE_DEVICES`, else the machine's, counted
 * from 0 as CUDA does. As CUDA does, the list ends before the first id that is none ('-1').
 */
export function visibleGpus(
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  const chosen = env[GPUS_VARIABLE];
  if (chosen === undefined) return Array.from({ length: countGpus() }, (_, index) => String(index));
  const ids = chosen.split(',').map((id) => id.trim());
  const end = ids.findIndex((id) => !/^(?:\d+|(?:GPU|MIG)-[\w./-]+)$/.test(id));
  return [...new Set(end === -1 ? ids : ids.slice(0, end))];
}

function countGpus(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

/**
 * The ids for a stage that takes `wanted` of a pool of `slots`: those that the fewest others use (`taken` has one id for each use), so that each
 * slot has a GPU of its own as long as the pool is no larger than the machine. None where there are none to choose from.
 */
export function gpusFor(wanted: number, ids: readonly string[], taken: readonly string[]): readonly string[] {
  const uses = (id: string): number => taken.filter((each) => each === id).length;
  return [...ids]
    .map((id, index) => ({ id, index, uses: uses(id) }))
    .sort((a, b) => a.uses - b.uses || a.index - b.index)
    .slice(0, wanted)
    .sort((a, b) => a.index - b.index)
    .map(({ id }) => id);
}
