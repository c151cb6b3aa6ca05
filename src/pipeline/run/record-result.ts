import { isDeepStrictEqual } from 'node:util';
import { OcrpipeError } from '../../base/errors.js';
import { dependencyName } from '../definition/dependencies/dependency-part.js';
import type { PipelineHost } from '../host.js';
import { sortedByPath, type LockEntry } from '../records/lock-file.js';
import { CommitMarks } from '../records/commit-marks.js';
import type { LockStore } from '../records/lock-store.js';
import { throwProblems } from '../definition/problems/problems.js';
import type { Observer } from '../staleness/observe.js';
import { unmergedOutputs } from '../staleness/unmerged-output.js';
import { pointersOf } from './output-files.js';
import { runRecordValue } from '../records/run-record.js';
import { sameContent, signatureOf, type LockedPath, type StageInputs } from '../records/signature.js';
import type { Stage } from '../definition/stage/stage.js';

/** What recording a stage's result takes. */
export interface Recording {
  readonly host: PipelineHost;
  readonly observer: Observer;
  readonly locks: LockStore;
  /** All stages of pipeline.yaml: entries of others leave the lock. */
  readonly names: ReadonlySet<string>;
}

/**
 * Records what a stage made from `inputs`: objects, listings of dependencies, run record, pointers, lock, in this order, so
 * that nothing is named before it is there. What the stage did not itself make (`madeByStage` false: edited by hand) is this
 * workspace's result, but gets no run record: others would be given it for what the command makes. Throws, and records nothing, `output-not-made` if an output is missing and
 * `stage-changed-dependency` or `stage-changed-parameter` if an input is not what the stage started with.
 */
export async function recordResult(
  recording: Recording,
  stage: Stage,
  { inputs, madeByStage }: { inputs: StageInputs; madeByStage: boolean },
): Promise<readonly LockedPath[]> {
  const { host, observer } = recording;
  observer.changed(stage.outs.map((out) => out.path));
  await refuseChangedInputs(observer, stage, inputs);
  throwProblems(unmergedOutputs(host.root, stage));
  const outs = await storeOutputs(host, stage);
  host.signal.throwIfAborted();
  if (madeByStage) await lockRecorded(recording, stage, { inputs, outs });
  else await lockEdited(recording, stage, { inputs, outs });
  return outs;
}

interface Result {
  readonly inputs: StageInputs;
  readonly outs: readonly LockedPath[];
}

/** The record is flushed while the pointers are, and is there before the lock. */
async function lockRecorded(recording: Recording, stage: Stage, { inputs, outs }: Result): Promise<void> {
  const recorded = recording.host.records.put(signatureOf(inputs), runRecordValue(inputs, outs));
  const settled = Promise.allSettled([recorded]);
  try {
    await lockResult(recording, stage, { inputs, outs, pointers: true, after: recorded });
  } finally {
    await settled;
  }
}

async function lockEdited(recording: Recording, stage: Stage, { inputs, outs }: Result): Promise<void> {
  const marks = new CommitMarks(recording.host);
  marks.begin(stage.name, outs);
  await lockResult(recording, stage, { inputs, outs, pointers: true });
  marks.clear(stage.name);
}

/** The bytes of every output, durably in the store. */
async function storeOutputs(host: PipelineHost, stage: Stage): Promise<LockedPath[]> {
  const outs: LockedPath[] = [];
  for (const { path } of sortedByPath(stage.outs)) {
    const snapshot = await host.files.store(path, host);
    if (!snapshot) throw outputNotMade(stage, path);
    outs.push({ path, ...snapshot });
  }
  return outs;
}

/** The commands succeeded, but an output is not there. */
export function outputNotMade(stage: Stage, path: string): OcrpipeError {
  return new OcrpipeError('output-not-made', `stage '${stage.name}' did not make its output '${path}'`, {
    hint: `Correct the command or the list of outputs; what it printed: 'ocrpipe logs ${stage.name}'.`,
  });
}

/**
 * Throws `stage-changed-dependency` or `stage-changed-parameter` where the stage's inputs are no longer those that it started
 * with: what it made of which is not known.
 */
export async function refuseChangedInputs(
  observer: Observer,
  stage: Stage,
  inputs: StageInputs,
): Promise<void> {
  refuseChangedParams(observer, stage, inputs);
  for (const before of inputs.deps) {
    if (sameContent(before, await observer.look(stage, before))) continue;
    throw new OcrpipeError(
      'stage-changed-dependency',
      `'${dependencyName(before)}', a dependency of stage '${stage.name}', changed while the stage ran; its outputs are left as they are and not recorded`,
      {
        hint: `If the stage writes there, let it write elsewhere, or name what it writes in .ocrignore. To record the outputs all the same: 'ocrpipe commit ${stage.name}'.`,
      },
    );
  }
}

function refuseChangedParams(observer: Observer, stage: Stage, { params }: StageInputs): void {
  const now = observer.paramsOf(stage);
  const changed = params.find((before, index) => !isDeepStrictEqual(before, now[index]));
  if (changed === undefined) return;
  const name = changed.key === '' ? changed.file : `${changed.key} in ${changed.file}`;
  throw new OcrpipeError(
    'stage-changed-parameter',
    `${name}, a parameter of stage '${stage.name}', changed while the stage ran; its outputs are left as they are and not recorded`,
    { hint: `Run 'ocrpipe repro' again, and edit parameters when no stage runs that uses them.` },
  );
}

/** Names a result whose objects are all in the store: pointers first, then the lock. */
export async function lockResult(
  { host, locks, names }: Recording,
  stage: Stage,
  { inputs, outs, pointers, after }: Result & { pointers: boolean; after?: Promise<unknown> },
): Promise<void> {
  const pointed = pointers ? await pointersOf(host, stage.outs, outs) : [];
  const entry = lockEntry(inputs, outs);
  await locks.record({ name: stage.name, entry, pointed, keep: names, ...(after && { after }) });
}

function lockEntry(inputs: StageInputs, outs: readonly LockedPath[]): LockEntry {
  const persist = new Set(inputs.outs.filter((out) => out.persist).map((out) => out.path));
  return {
    run: inputs.run,
    wdir: inputs.wdir,
    deps: inputs.deps,
    ...(inputs.urls && { urls: inputs.urls }),
    ...(inputs.env && { env: inputs.env }),
    params: inputs.params,
    outs: outs.map((out) => (persist.has(out.path) ? { ...out, persist: true } : out)),
  };
}
