import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { realFileTimes } from '../../../src/tracking/scan/file-times.js';
import { TrackedFolder } from '../tracked-folder.js';

/** Whatever is in the index is believed, however young the files are: only its own damage is looked at here. */
const trusting = { ...realFileTimes, settledBefore: () => Infinity };

describe('a damaged stat index', () => {
  it('never makes a changed file look unchanged, nor an unchanged one changed, and ends no command', async () => {
    const folder = new TrackedFolder(trusting);
    for (const name of ['d/a', 'd/b']) folder.write(name, 'as it was');
    await folder.add('d');
    const index = folder.path(`.ocrstore/index/${readdirSync(folder.path('.ocrstore/index'))[0]!}/stat`);
    const written = readFileSync(index);
    folder.write('d/b', 'as it is!');
    const look = async (): Promise<string> => (await folder.files().snapshot('d' as RepoPath))!.id;
    rmSync(index);
    const truth = await look();
    const wrong: string[] = [];
    const tryWith = async (bytes: Buffer, what: string): Promise<void> => {
      writeFileSync(index, bytes);
      if ((await look()) !== truth) wrong.push(what);
    };
    await tryWith(written, 'nothing');
    for (let bit = 0; bit < written.length * 8; bit += 1) {
      const bytes = Buffer.from(written);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      await tryWith(bytes, `bit ${bit}`);
    }
    for (let length = 0; length < written.length; length += 1) {
      await tryWith(written.subarray(0, length), `cut to ${length}`);
    }
    expect(wrong).toEqual([]);
  });
});
