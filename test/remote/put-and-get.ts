import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';

export const bytes = randomBytes(20_000);
export const sha256 = contentIdOf(bytes);

/** Puts `bytes` under a new name, reads them back, and closes the remote. */
export async function expectRoundTrip(remote: Remote): Promise<void> {
  await remote.put('packs/x', { bytes }, { sha256, ifNoneMatch: true });
  expect((await readAll((await remote.get('packs/x'))!)).equals(bytes)).toBe(true);
  remote.close();
}
