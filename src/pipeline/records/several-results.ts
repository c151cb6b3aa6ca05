import type { PipelineHost } from '../host.js';
import { resultKey } from './earlier-runs.js';
import { lockedInputs, type LockEntry } from './lock-file.js';
import { outputsOf, parseRunRecord } from './run-record.js';
import { sameContent, signatureOf, type LockedPath } from './signature.js';

/** A result that a run with the same inputs gave, and that is not the one of the lock. */
export interface OtherResult {
  readonly outs: readonly LockedPath[];
  /** The outputs that differ from those of the lock. */
  readonly differing: readonly string[];
}

/**
 * What other runs with the inputs of a lock entry made, where that differs from what the entry says; by ascending record id.
 * A deterministic stage has none.
 */
export function otherResults(host: Pick<PipelineHost, 'records'>, entry: LockEntry): OtherResult[] {
  const inputs = lockedInputs(entry);
  const recorded = new Map(entry.outs.map((out) => [out.path, out]));
  const results = new Map<string, OtherResult>();
  for (const value of host.records.find(signatureOf(inputs))) {
    const record = parseRunRecord(value);
    const outs = record && outputsOf(record, inputs);
    const differing = (outs ?? []).filter((out) => !sameContent(out, recorded.get(out.path)));
    if (!outs || differing.length === 0) continue;
    results.set(resultKey(outs), { outs, differing: differing.map(({ path }) => path) });
  }
  return [...results.values()];
}
