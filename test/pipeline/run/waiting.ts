import type { OcrpipeEvent } from '../../../src/base/events.js';
import type { ReproRequest, ReproResult } from '../../../src/pipeline/run/repro-report.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

/** A command that waits in the workspace until `file` is there. */
export const until = (file: string): string => `until test -e ${file}; do sleep 0.01; done`;

/** Resolves when the workspace is told of such an event. */
export async function told(
  workspace: PipelineWorkspace,
  wanted: (event: OcrpipeEvent) => boolean,
): Promise<void> {
  while (!workspace.events.some(wanted)) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/**
 * Two repros of one workspace: the second begins when the first has started a stage, and the file `go` is written, for which that stage
 * waits, once the second waits for it.
 */
export async function oneBehindTheOther(
  first: PipelineWorkspace,
  requests: { readonly first: Partial<ReproRequest>; readonly second: Partial<ReproRequest> },
): Promise<{ one: ReproResult; other: ReproResult; waited: readonly string[] }> {
  const second = new PipelineWorkspace(first.root);
  const one = first.repro(requests.first);
  await told(first, ({ type }) => type === 'stage-start');
  const other = second.repro(requests.second);
  await told(second, ({ type }) => type === 'waiting');
  first.write('go', '');
  const results = { one: await one, other: await other };
  const waited = second.events.flatMap((event) => (event.type === 'waiting' ? [event.what] : []));
  return { ...results, waited };
}
