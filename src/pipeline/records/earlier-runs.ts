import type { PipelineHost } from '../host.js';
import type { LockEntry } from './lock-file.js';
import { outputsOf, parseRunRecord } from './run-record.js';
import { signatureOf, type LockedPath, type StageInputs } from './signature.js';

/** What an earlier run made, as one text: two runs that made the same cannot be told apart. */
export function resultKey(outs: readonly LockedPath[]): string {
  return outs.map(({ path, kind, id }) => `${path}\0${kind} ${id}`).join('\n');
}

/**
 * The outputs of an earlier run with these inputs that the store holds in full: that of the lock first, then the record with
 * the smallest id. With `records` false only the lock counts; `unusable` results (by `resultKey`) are passed over.
 */
export function earlierOutputs(
  host: Pick<PipelineHost, 'files' | 'records'>,
  inputs: StageInputs,
  use: {
    entry: LockEntry | undefined;
    recorded: boolean;
    records: boolean;
    unusable: ReadonlySet<string>;
  },
): readonly LockedPath[] | undefined {
  const complete = (outs: readonly LockedPath[]): boolean =>
    !use.unusable.has(resultKey(outs)) &&
    outs.every(({ path: _path, ...snapshot }) => host.files.inStore(snapshot));
  const locked = use.recorded ? use.entry?.outs.map(({ persist: _persist, ...out }) => out) : undefined;
  if (locked && complete(locked)) return locked;
  if (!use.records) return undefined;
  for (const value of host.records.find(signatureOf(inputs))) {
    const record = parseRunRecord(value);
    const outs = record && outputsOf(record, inputs);
    if (outs && complete(outs)) return outs;
  }
  return undefined;
}
