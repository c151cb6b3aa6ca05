import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { foundDamage, fsck } from '../../src/actions/fsck.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { listStore } from '../../src/store/fsck/store-files.js';
import { LooseObjects } from '../../src/store/loose-objects.js';
import { RunRecords } from '../../src/store/run-records.js';
import { Trash } from '../../src/store/trash.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** A workspace over a store of about 1 KB with a file of every kind. */
async function tinyWorkspace(): Promise<WorkspaceFolder> {
  const workspace = new WorkspaceFolder(temporaryFolder());
  workspace.init();
  for (const name of ['a', 'b']) workspace.write(`data/sub/${name}`, name);
  await workspace.add('data');
  const root = workspace.path('.ocrstore');
  const bytes = Buffer.from('an object by itself');
  new LooseObjects(root, new Trash(root), () => undefined).putBytes(contentIdOf(bytes), bytes);
  new RunRecords(root).put(contentIdOf('inputs'), { outs: { model: 'm' } });
  return workspace;
}

describe('fsck', { timeout: 900_000 }, () => {
  test('finds every flipped bit and every truncation of every pack, object and run record, and none where there is none', async () => {
    const workspace = await tinyWorkspace();
    const found = async (): Promise<boolean> => foundDamage(await fsck({}, workspace.call));
    const { files } = listStore(workspace.path('.ocrstore'));
    expect(files.map(({ what }) => what)).toEqual(['pack', 'pack', 'blob', 'run']);
    expect(await found()).toBe(false);
    const missed: string[] = [];
    for (const { file, key } of files) {
      const sound = readFileSync(file);
      chmodSync(file, 0o644);
      for (let bit = 0; bit < sound.length * 8; bit += 1) {
        const bytes = Buffer.from(sound);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(file, bytes);
        if (!(await found())) missed.push(`${key} bit ${bit}`);
      }
      for (let length = 0; length < sound.length; length += 1) {
        writeFileSync(file, sound.subarray(0, length));
        if (!(await found())) missed.push(`${key} cut to ${length}`);
      }
      writeFileSync(file, sound);
      expect(await found()).toBe(false);
    }
    expect(missed).toEqual([]);
  });
});
