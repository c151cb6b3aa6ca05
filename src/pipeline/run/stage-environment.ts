import { ROOT_VARIABLE, STAGE_VARIABLE } from '../stage-variables.js';
import type { Stage } from '../definition/stage/stage.js';

/**
 * The environment of a stage: that of ocrpipe, less what steers ocrpipe's own tests, with what its slots and the stage itself say, and
 * `path` as its PATH. Secrets are in it.
 */
export function stageEnvironment(
  root: string,
  { name, env }: Pick<Stage, 'name' | 'env'>,
  { path, slots }: { path: string; slots: Readonly<Record<string, string>> | undefined },
): Record<string, string | undefined> {
  const declared = env.flatMap((each) =>
    each.value === undefined ? [] : [[each.name, each.value] as const],
  );
  return {
    ...process.env,
    OCRPIPE_TEST_KILL_AT: undefined,
    ...slots,
    ...Object.fromEntries(declared),
    PATH: path,
    [STAGE_VARIABLE]: name,
    [ROOT_VARIABLE]: root,
  };
}
