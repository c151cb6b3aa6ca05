import type { PipelineHost } from '../host.js';
import type { LockEntry } from './lock-file.js';
import { outputsOf, parseRunRecord } from './run-record.js';
import { signatureOf, type LockedPath, type StageInputs } from './signature.js';

/** What an earlier run made, as one text: two runs that made the same cannot be told apart. */
export function resultKey(outs: readonly LockedPath[]): string {
  return outs.map(({ path, kind, id }) => `${path}\0${kind} ${id}`).join('\n');
}

/** Which results count. */
export interface EarlierUse {
  readonly entry: LockEntry | undefined;
  /** The entry is of a run with these inputs. */
  readonly recorded: boolean;
  /** False: run records do not count. */
  readonly records: boolean;
  /** Results (by `resultKey`) that are passed over. */
  readonly unusable: ReadonlySet<string>;
}

/**
 * The outputs of an earlier run with these inputs that the store holds in full: that of the lock first, then the record with
 * the smallest id. Where runs gave several results, everybody with the same records so takes the same one.
 */
export function earlierOutputs(
  host: Pick<PipelineHost, 'files' | 'records'>,
  inputs: StageInputs,
  use: EarlierUse,
): readonly LockedPath[] | undefined {
  for (const outs of candidates(host, inputs, use)) if (isHere(host, outs)) return outs;
  return undefined;
}

/**
 * Brings such a result here from a remote, the first that can be had in full: first what the lock and the records here name,
 * then what the records there do. False if there is none, or nothing may be brought. Throws where a remote cannot be asked.
 */
export async function fetchEarlierOutputs(
  host: Pick<PipelineHost, 'files' | 'records' | 'fetcher'>,
  inputs: StageInputs,
  use: EarlierUse,
): Promise<boolean> {
  const { fetcher } = host;
  if (!fetcher) return false;
  const tried = new Set<string>(use.unusable);
  const bring = async (): Promise<boolean> => {
    for (const outs of candidates(host, inputs, { ...use, unusable: tried })) {
      tried.add(resultKey(outs));
      await fetcher.bring(outs.map(({ path, ...snapshot }) => ({ path, snapshot })));
      if (isHere(host, outs)) return true;
    }
    return false;
  };
  if (await bring()) return true;
  if (!use.records) return false;
  await fetcher.runs([signatureOf(inputs)]);
  return bring();
}

/** The results of runs with these inputs, best first. */
function* candidates(
  host: Pick<PipelineHost, 'records'>,
  inputs: StageInputs,
  { entry, recorded, records, unusable }: EarlierUse,
): Generator<readonly LockedPath[]> {
  const locked = recorded ? entry?.outs.map(({ persist: _persist, ...out }) => out) : undefined;
  if (locked && !unusable.has(resultKey(locked))) yield locked;
  if (!records) return;
  for (const value of host.records.find(signatureOf(inputs))) {
    const record = parseRunRecord(value);
    const outs = record && outputsOf(record, inputs);
    if (outs && !unusable.has(resultKey(outs))) yield outs;
  }
}

function isHere({ files }: Pick<PipelineHost, 'files'>, outs: readonly LockedPath[]): boolean {
  return outs.every(({ path: _path, ...snapshot }) => files.inStore(snapshot));
}
