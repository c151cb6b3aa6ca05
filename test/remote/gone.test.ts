import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { MemoryRemote } from '../../src/remote/backends/memory.js';
import { objectKey } from '../../src/store/format.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { Machine, randomFiles } from './rig.js';

const TRANSFER = { targets: [], jobs: 2 };
const LARGE = 1_100_000;

describe('a file that catalogs name and the remote lost', () => {
  it('keeps nothing else from its place: the error names the paths and how to send it again', async () => {
    const here = new WorkspaceFolder(temporaryFolder());
    here.init();
    const place = join(temporaryFolder(), 'remote');
    await remoteAdd({ name: 'r', settings: { url: place }, makeDefault: true, check: true }, here.call);
    const lost = [randomBytes(LARGE), randomBytes(LARGE)];
    here.write('folder/lost', lost[0]!);
    here.write('folder/kept', randomBytes(LARGE));
    here.write('lost.bin', lost[1]!);
    here.write('other/large', randomBytes(LARGE));
    here.write('other/small', 'small');
    await here.add('folder', 'lost.bin', 'other');
    await push({ ...TRANSFER, verify: false }, here.call);
    for (const bytes of lost) rmSync(join(place, objectKey(contentIdOf(bytes))));

    const there = new WorkspaceFolder(temporaryFolder());
    for (const name of ['folder.ocr', 'lost.bin.ocr', 'other.ocr', '.ocrstore/config.yaml']) {
      cpSync(here.path(name), there.path(name));
    }
    const pulling = pull({ ...TRANSFER, force: false }, there.call);
    await expect(pulling).rejects.toMatchObject({
      code: 'object-missing',
      message: `the bytes of lost.bin, folder (lost) are neither here nor on ${place}`,
      hint: expect.stringContaining("'ocrpipe push --verify'") as string,
    });
    expect(readdirSync(there.path('other')).sort()).toEqual(['large', 'small']);
    expect(existsSync(there.path('lost.bin'))).toBe(false);

    await push({ ...TRANSFER, verify: true }, here.call);
    await pull({ ...TRANSFER, force: false }, there.call);
    expect(readdirSync(there.path('folder')).sort()).toEqual(['kept', 'lost']);
    expect(existsSync(there.path('lost.bin'))).toBe(true);
  });

  it('may be a pack: what stands in others is brought', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const ids = [here.add(randomFiles(3, 100)), here.add(randomFiles(3, 100))];
    const remote = new MemoryRemote('memory', objects);
    for (const id of ids) await here.push(remote, [id]);
    const packs = [...objects.keys()].filter((key) => key.endsWith('.pack'));
    objects.delete(packs[0]!);
    await expect(there.fetch(new MemoryRemote('memory', objects), ids)).rejects.toMatchObject({
      code: 'object-missing',
      hint: expect.stringContaining("'ocrpipe push --verify'") as string,
    });
    expect(there.files(ids[1]!)).toEqual(here.files(ids[1]!));
  });
});
