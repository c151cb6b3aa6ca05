import { canonicalJson } from '../../base/canonical-json.js';
import { contentIdOf } from '../../base/content-id.js';
import type { RunId } from '../../store/run-records.js';
import { lockedInputs, type LockEntry } from './lock-file.js';
import { runRecordValue } from './run-record.js';
import { signatureOf } from './signature.js';

/** The record of the run that an entry stands for. */
export function runOf(entry: LockEntry): RunId {
  const inputs = lockedInputs(entry);
  const outs = entry.outs.map(({ persist: _persist, ...out }) => out);
  return { key: signatureOf(inputs), record: contentIdOf(canonicalJson(runRecordValue(inputs, outs))) };
}
