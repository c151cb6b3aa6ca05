import { closeSync, openSync, readFileSync, writeFileSync, writeSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { PackWriter } from '../../../src/store/pack-writer.js';
import { recoverPack } from '../../../src/store/fsck/recover-pack.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const CONTENTS = ['first', 'the second', '', 'a third that is longer'];

function packOf(salt?: Uint8Array) {
  const { root } = LocalStore.create(join(temporaryFolder(), 'store'));
  const writer = new PackWriter(join(root, 'tmp'), salt);
  for (const text of CONTENTS) writer.add('blob', contentIdOf(text), Buffer.from(text));
  return writer.seal();
}

describe('recoverPack', () => {
  it('loses one object at most, whichever bit of header, table or trailer is wrong', () => {
    const { file, id, table } = packOf();
    const sound = readFileSync(file);
    chmodSync(file, 0o644);
    const fd = openSync(file, 'r+');
    const dataEnd = table.offsetAt(table.count);
    let lost = 0;
    for (let at = 0; at < sound.length; at = at === 31 ? dataEnd : at + 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        writeSync(fd, Buffer.of(sound[at]! ^ (1 << bit)), 0, 1, at);
        const { objects, whole } = recoverPack(fd, id);
        const ids = CONTENTS.map(contentIdOf);
        expect(objects.every((entry) => ids.includes(entry.id))).toBe(true);
        expect(objects.length).toBeGreaterThanOrEqual(CONTENTS.length - 1);
        if (!whole) lost += 1;
        writeSync(fd, sound, at, 1, at);
      }
    }
    closeSync(fd);
    // Only where a length or a kind is wrong: 6 + 1 bytes of 4 entries.
    expect(lost).toBeLessThanOrEqual(CONTENTS.length * 7 * 8);
  });

  it('finds nothing in what was cut or is no pack', () => {
    const { file, id } = packOf();
    const sound = readFileSync(file);
    chmodSync(file, 0o644);
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(40), sound.subarray(0, 60), Buffer.alloc(5000, 255)]) {
      writeFileSync(file, bytes);
      const fd = openSync(file, 'r');
      expect(recoverPack(fd, id).whole).toBe(false);
      closeSync(fd);
    }
  });

  it('finds all of a pack with a salt, too', () => {
    const { file, id } = packOf(Buffer.alloc(16, 9));
    const fd = openSync(file, 'r');
    expect(recoverPack(fd, id)).toMatchObject({ whole: true, objects: { length: CONTENTS.length } });
    closeSync(fd);
  });
});
