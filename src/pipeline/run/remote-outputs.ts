import { OcrpipeError } from '../../base/errors.js';
import type { FetchRoot } from '../../remote/fetch/fetch-input.js';
import type { Stage } from '../definition/stage/stage.js';
import type { Job, NodeProblem } from '../executors/executor.js';
import type { JobOutput } from '../executors/remote/description.js';
import type { OpenedRemote } from '../executors/stage-executors.js';
import type { PipelineHost } from '../host.js';
import { outputNotMade } from './record-result.js';

/**
 * Brings what a job over a remote says that it made into the store, each object hashed as it arrives. Throws `output-not-made`, and
 * `object-damaged` or `object-missing` for what the remote does not have as the job says: then nothing is accepted.
 */
export async function fetchOutputs(
  stage: Stage,
  { remote, place }: OpenedRemote,
  job: Job,
): Promise<JobOutput[]> {
  const made = new Map(place.outputs(job).map((out) => [out.path, out]));
  const outs = stage.outs.map(({ path }) => {
    const out = made.get(path);
    if (out === undefined) throw outputNotMade(stage, path);
    return out as JobOutput;
  });
  await remote.fetch(outs.map(rootOf));
  return outs;
}

/** Puts the outputs of a job where nothing stands any more, or, with `persist`, what it began with. */
export async function placeOutputs(
  host: PipelineHost,
  stage: Stage,
  outs: readonly JobOutput[],
): Promise<void> {
  const persists = new Set(stage.outs.filter(({ persist }) => persist).map(({ path }) => path));
  for (const { path, ...snapshot } of outs) {
    const force = persists.has(path);
    await host.files.checkout(path, snapshot, { events: host.events, signal: host.signal, force });
  }
}

function rootOf({ path, id, kind, size }: JobOutput): FetchRoot {
  return { id, kind: kind === 'file' ? 'blob' : 'tree', name: path, ...(kind === 'file' && { size }) };
}

/** The commands were not run, or what they made was not kept: what the node said. */
export function jobNodeFailed(stage: string, { message, hint, node }: NodeProblem): OcrpipeError {
  return new OcrpipeError('job-node-failed', `the job of stage '${stage}' failed on ${node}: ${message}`, {
    hint: hint ?? 'Its outputs were not recorded.',
  });
}
