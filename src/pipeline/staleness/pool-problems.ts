import { suggest } from '../../base/nearest.js';
import type { Problem } from '../definition/problems/problems.js';
import { amountText, poolsOf } from '../definition/stage/resources.js';
import type { Pipeline, Resources, Stage } from '../definition/stage/stage.js';

/** What stages ask for that no pool has: `unknown-resource`, or `resource-too-large` where the pool is smaller. */
export function poolProblems(
  { host, pipeline }: { host: { readonly pools: Resources }; pipeline: Pick<Pipeline, 'locate'> },
  stages: readonly Stage[],
): Problem[] {
  const wanted = stages.flatMap((stage) =>
    Object.entries(stage.resources).map(([pool, amount]) => ({ stage: stage.name, pool, amount })),
  );
  if (wanted.length === 0) return [];
  const pools = poolsOf(host);
  return wanted.flatMap(({ stage, pool, amount }): Problem[] => {
    const size = Object.hasOwn(pools, pool) ? pools[pool]! : undefined;
    const at = ['stages', stage, 'resources', pool];
    if (size === undefined) {
      return [
        {
          code: 'unknown-resource',
          message: `stage '${stage}' asks for '${pool}', of which there is no pool`,
          hint: `${suggest(pool, Object.keys(pools))} Others are declared under 'pools' in .ocrstore/config.yaml.`,
          location: pipeline.locate(at, { key: true }),
        },
      ];
    }
    if (amount <= size) return [];
    return [
      {
        code: 'resource-too-large',
        message: `stage '${stage}' asks for ${amountText(pool, amount)}, and all there is here is ${amountText(pool, size)}`,
        hint: `Ask for less, or say in .ocrstore/config.local.yaml how much there is: 'pools: {${pool}: ${amount}}'.`,
        location: pipeline.locate(at),
      },
    ];
  });
}
