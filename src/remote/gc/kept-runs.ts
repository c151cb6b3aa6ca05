import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { ObjectKind } from '../../store/format.js';
import type { RunId, RunRecords } from '../../store/run-records.js';
import { FetchRun } from '../fetch/fetch-run.js';
import type { MarkInput } from './mark-remote.js';

export interface RunsInput extends MarkInput {
  readonly needed: { readonly runs: readonly RunId[] };
  readonly outsOf: (record: Buffer) => readonly { kind: ObjectKind; id: ContentId }[] | undefined;
}

/**
 * The run records of a remote that stay, and marks them: all of the inputs of one that is named, and those of which all that the run
 * made stays, be it whose it may. One that cannot be read stays, too. Of inputs that gave several results, that there were others is
 * known by their records, which are small: what they made may go.
 */
export async function keptRuns(input: RunsInput): Promise<RunId[]> {
  const { view, marks, needed, outsOf } = input;
  const named = new Set(needed.runs.map(({ key }) => key));
  const there = [...view.runs()].filter(({ record }) => view.has('run', record));
  const records = await readRecords(
    input,
    there.filter(({ key }) => !named.has(key)),
  );
  const isKept = (run: RunId): boolean => {
    const bytes = records.get(run.record);
    const outs = named.has(run.key) || bytes === undefined ? undefined : outsOf(bytes);
    if (outs === undefined) return true;
    return outs.length > 0 && outs.every(({ kind, id }) => marks.isMarked(kind, id));
  };
  const kept = there.filter(isKept);
  for (const { record } of kept) marks.mark('run', record);
  return kept;
}

/** The bytes of records, from the store or else from the remote; those that can be read. */
async function readRecords(input: RunsInput, runs: readonly RunId[]): Promise<Map<ContentId, Buffer>> {
  const records = new Map<ContentId, Buffer>();
  for (const run of runs) {
    const bytes = readLocal(input.runs, run);
    if (bytes) records.set(run.record, bytes);
  }
  const wanted = runs
    .filter(({ record }) => !records.has(record))
    .map(({ record }) => ({ kind: 'run' as const, id: record, name: 'pipeline.lock' }));
  if (wanted.length === 0) return records;
  const reading = new FetchRun({ ...input, roots: [], runKeys: [] }, input.view);
  await reading.readSmall(wanted, ({ id, bytes }) => {
    records.set(id, bytes);
  });
  return records;
}

function readLocal(records: RunRecords, run: RunId): Buffer | undefined {
  try {
    return records.readBytes(run);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
