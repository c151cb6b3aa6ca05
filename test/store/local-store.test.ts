import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { byteName } from '../../src/store/byte-name.js';
import { LocalStore } from '../../src/store/local-store.js';
import { buildTree } from '../../src/store/tree-builder.js';
import { walkTree } from '../../src/store/tree-reader.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocrpipe-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('LocalStore', () => {
  it('gives back small and large blobs and trees, in this process and in the next', async () => {
    const store = LocalStore.create(join(folder, 'store'));
    const large = Buffer.alloc(3 * 1024 * 1024, 7);
    writeFileSync(join(folder, 'large'), large);
    const writer = store.writer();
    const small = writer.putBlob(Buffer.from('hello'));
    const stored = await writer.putFile(join(folder, 'large'));
    const tree = buildTree(
      [
        { kind: 'file', name: byteName('b'), executable: false, size: 5, id: small },
        { kind: 'file', name: byteName('a'), executable: true, size: stored.size, id: stored.id },
      ],
      (node) => writer.putTree(node, 'tree'),
    );
    expect(writer.finish()).toMatchObject({ objects: 3 });
    expect(tree).toMatchObject({ files: 2, bytes: 5 + large.length });
    store.close();

    const again = LocalStore.open(join(folder, 'store'));
    expect(again.read('blob', small).toString()).toBe('hello');
    expect(again.read('blob', contentIdOf(large)).equals(large)).toBe(true);
    expect([...walkTree({ reader: again, id: tree.id })].map(({ path }) => path)).toEqual(['a', 'b']);
    again.copyBlobTo(stored.id, join(folder, 'copy'), { mode: 0o644, sync: true });
    expect(readFileSync(join(folder, 'copy')).equals(large)).toBe(true);
    again.close();
  });
});
