import { randomBytes } from 'node:crypto';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { readAll, type Remote } from './remote.js';
import { probeKey } from './temporary-names.js';

/** What a remote was seen to do. */
export interface Probed {
  /** Of two writers of one name, the second is refused: without it two pushers could overwrite each other's bases. */
  conditionalCreate: boolean;
  /** Bytes that are not those of the promised hash are refused by the server. */
  refusesDamage: boolean;
  /** Parts of an object can be read. */
  ranges: boolean;
}

const PROBE_BYTES = 1000;
/** The object that is left where a server no longer answers harms nobody: its deletion is not waited for any longer. */
const TIDY_LIMIT_MS = 5_000;

/**
 * Tries a remote out on a small object of its own: list, write, write damaged, write again, read a part, delete. Throws what
 * is wrong with the address, the bucket or the rights (exit code 2).
 */
export async function probeRemote(remote: Remote, signal: AbortSignal): Promise<Probed> {
  const key = probeKey();
  await remote.list('packs/', { signal });
  try {
    const probed = await tryWriting(remote, key, signal);
    await remote.delete(key, { signal });
    return probed;
  } catch (error) {
    // Tidying up after a failure must not hide it.
    await remote.delete(key, { signal: AbortSignal.timeout(TIDY_LIMIT_MS) }).catch(() => undefined);
    throw error;
  }
}

/** Tries out a remote that may only be read. Throws what is wrong with the address or the bucket (exit code 2). */
export async function probeReading(remote: Remote, signal: AbortSignal): Promise<Probed | undefined> {
  await remote.list('packs/', { signal });
  return undefined;
}

async function tryWriting(remote: Remote, key: string, signal: AbortSignal): Promise<Probed> {
  const bytes = randomBytes(PROBE_BYTES);
  const sha256 = contentIdOf(bytes);
  await writeFirst(remote, () => remote.put(key, { bytes }, { sha256, signal }));
  const again = await remote.put(key, { bytes }, { sha256, ifNoneMatch: true, signal });
  const ranges = await readsParts(remote, key, { bytes, signal });
  const refusesDamage = await refusesWrongBytes(remote, key, signal);
  return { conditionalCreate: again === 'exists', refusesDamage, ranges };
}

/** Whoever may list and not write is told apart from whoever may do nothing: pulling needs no more. */
async function writeFirst(remote: Remote, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code !== 'remote-denied') throw error;
    const { code, exitCode, cause, hint = '' } = error;
    const message = `${remote.where} can be read, but this user may not write there`;
    throw new OcrpipeError(code, message, { hint, exitCode, cause });
  }
}

async function readsParts(
  remote: Remote,
  key: string,
  { bytes, signal }: { bytes: Buffer; signal: AbortSignal },
): Promise<boolean> {
  try {
    const part = await remote.get(key, { range: { start: 100, end: 300 }, signal });
    if (part === undefined) throw notSeen(remote);
    return (await readAll(part)).equals(bytes.subarray(100, 300));
  } catch (error) {
    // A server that knows no ranges answers with another length than the one asked for.
    if (error instanceof OcrpipeError && error.code === 'remote-range') return false;
    throw error;
  }
}

async function refusesWrongBytes(remote: Remote, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await remote.put(key, { bytes: Buffer.from('damaged') }, { sha256: contentIdOf('sound'), signal });
    return false;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'damaged-upload') return true;
    throw error;
  }
}

function notSeen(remote: Remote): OcrpipeError {
  return new OcrpipeError('remote-failed', `${remote.where} does not give back what was just written`, {
    hint: 'Use a remote that shows each write to every later read.',
  });
}
