import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsckRemote } from '../../src/actions/fsck-remote.js';
import { isUnhealed } from '../../src/actions/fsck-report.js';
import { foundDamage, fsck } from '../../src/actions/fsck.js';
import { push } from '../../src/actions/push.js';
import { status } from '../../src/actions/status.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { contentIdOf } from '../../src/base/content-id.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { Trash } from '../../src/store/trash.js';
import { RunRecords } from '../../src/store/run-records.js';
import fc, { runs } from '../rig/fast-check.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const LARGE = Buffer.alloc(1_200_000, 7);

/** A workspace with a folder of two small files and a large one tracked. */
async function tracked(root = temporaryFolder(), inGit = false): Promise<WorkspaceFolder> {
  const workspace = new WorkspaceFolder(root);
  workspace.init(inGit);
  workspace.write('data/sub/small', 'small text');
  workspace.write('data/other', 'other text');
  workspace.write('data/large', LARGE);
  await workspace.add('data');
  return workspace;
}

function check(workspace: WorkspaceFolder, budget?: number) {
  return fsck({ budget }, workspace.call);
}

function packs(workspace: WorkspaceFolder): string[] {
  const folder = workspace.path('.ocrstore/packs');
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Changes the first byte of `text` in the file of the store that holds it. */
function damage(file: string, text: string | Buffer): void {
  const bytes = readFileSync(file);
  bytes[bytes.indexOf(text)]! ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

function packWith(workspace: WorkspaceFolder, text: string): string {
  return packs(workspace).find((file) => readFileSync(file).includes(text))!;
}

function largeFile(workspace: WorkspaceFolder): string {
  const id = contentIdOf(LARGE);
  return workspace.path(`.ocrstore/objects/${id.slice(0, 2)}/${id.slice(2)}`);
}

describe('fsck', () => {
  it('finds nothing wrong in a sound store, and says how much it read', async () => {
    const workspace = await tracked();
    const result = await check(workspace);
    const files = [...packs(workspace), largeFile(workspace)];
    expect(result).toMatchObject({
      checked: 5,
      bytes: files.reduce((sum, file) => sum + readFileSync(file).length, 0),
      damaged: [],
      missing: [],
      problems: [],
      elsewhere: { objects: 0 },
      unchecked: { files: 0 },
    });
    expect(foundDamage(result)).toBe(false);
  });

  it('names a damaged object with the files that need it, and changes nothing', async () => {
    const workspace = await tracked();
    const pack = packWith(workspace, 'small text');
    damage(pack, 'small text');
    damage(largeFile(workspace), LARGE.subarray(0, 9));
    const result = await check(workspace);
    expect(result.damaged).toMatchObject([
      {
        object: { kind: 'blob', id: contentIdOf(LARGE) },
        where: largeFile(workspace),
        paths: ['data/large'],
      },
      { object: { kind: 'blob', id: contentIdOf('small text') }, where: pack, paths: ['data/sub/small'] },
    ]);
    expect(result.missing).toEqual([]);
    expect(foundDamage(result)).toBe(true);
    expect(existsSync(pack)).toBe(true);
    expect(existsSync(workspace.path('.ocrstore/quarantine'))).toBe(false);
  });

  it('lets nobody rely any more on a large file that decayed though no time tells of it', async () => {
    const workspace = await tracked();
    const object = largeFile(workspace);
    const { mtimeMs } = statSync(object);
    damage(object, LARGE.subarray(0, 9));
    utimesSync(object, mtimeMs / 1000, mtimeMs / 1000);
    chmodSync(object, 0o444);
    workspace.remove('data');
    await workspace.checkout([], false, ['hardlink']);
    expect((await check(workspace)).damaged).toHaveLength(1);
    workspace.remove('data');
    await expect(workspace.checkout([], false, ['hardlink'])).rejects.toMatchObject({
      code: 'object-damaged',
    });
    expect(existsSync(workspace.path('data/large'))).toBe(false);
    workspace.write('data/large', LARGE);
    await workspace.add('data');
    expect(await check(workspace)).toMatchObject({ damaged: [], missing: [] });
  });

  it('says what is missing when a pack cannot be read or is gone', async () => {
    const workspace = await tracked();
    const [blobs, nodes] = [packWith(workspace, 'small text'), packWith(workspace, 'OCRT')];
    damage(blobs, 'OCRE');
    const unreadable = await check(workspace);
    expect(unreadable.damaged).toMatchObject([{ object: { kind: 'pack' }, where: blobs, paths: [] }]);
    expect(unreadable.missing.flatMap(({ paths }) => paths).sort()).toEqual(['data/other', 'data/sub/small']);
    rmSync(nodes);
    const gone = await check(workspace);
    expect(gone.missing).toMatchObject([{ object: { kind: 'tree' }, paths: ['data'] }]);
  });

  it('reports a damaged format.json, and checks the rest all the same', async () => {
    const workspace = await tracked();
    writeFileSync(workspace.path('.ocrstore/format.json'), '{');
    const result = await check(workspace);
    expect(result.damaged).toMatchObject([{ object: { kind: 'format' } }]);
    expect(result).toMatchObject({ checked: 5, missing: [] });
  });

  it('looks for what the index and the last commit of git name, too', async () => {
    const workspace = await tracked(gitRepository(), true);
    gitCommitAll(workspace.root, 'first');
    workspace.write('data/other', 'edited');
    await workspace.commit('data');
    git(workspace.root, 'add', '-A');
    workspace.write('data/other', 'edited again');
    await workspace.commit('data');
    for (const text of ['other text', 'edited']) damage(packWith(workspace, text), text);
    const { damaged } = await check(workspace);
    expect(damaged.flatMap(({ paths }) => paths).sort()).toEqual([':data/other', 'HEAD:data/other']);
  });

  it('takes what a remote had for being elsewhere, not for missing', async () => {
    const workspace = await tracked();
    const settings = { url: temporaryFolder() };
    await remoteAdd({ name: 'disk', settings, makeDefault: true, check: false }, workspace.call);
    await push({ targets: [], jobs: 2, verify: false }, workspace.call);
    rmSync(packWith(workspace, 'small text'));
    const result = await check(workspace);
    expect(result.elsewhere).toEqual({ objects: 2, bytes: 20, remotes: ['disk'] });
    expect(result.missing).toEqual([]);
    expect(foundDamage(result)).toBe(false);
  });

  it('names a pointer that cannot be read', async () => {
    const workspace = await tracked();
    writeFileSync(workspace.path('data.ocr'), 'version: 1\nid: nonsense\n');
    const result = await check(workspace);
    expect(result.problems).toMatchObject([{ code: 'broken-pointer' }]);
    expect(foundDamage(result)).toBe(true);
  });

  it('names what stands in the folders of the store and is not of it', async () => {
    const workspace = await tracked();
    mkdirSync(workspace.path('.ocrstore/quarantine'));
    for (const file of ['packs/notes.txt', 'tmp/1-abc', 'quarantine/x.pack-1'])
      writeFileSync(workspace.path(`.ocrstore/${file}`), 'text');
    const { leftovers } = await check(workspace);
    expect(leftovers.unknown).toMatchObject([{ file: workspace.path('.ocrstore/packs/notes.txt'), size: 4 }]);
    expect(leftovers).toMatchObject({ tmp: [{ size: 4 }], quarantine: [{ size: 4 }] });
  });

  it('begins with what was never checked, and with what changed since', async () => {
    const workspace = await tracked();
    // No time at all: nothing is begun.
    const none = await check(workspace, 1e-9);
    expect(none).toMatchObject({ checked: 0, unchecked: { files: 3, never: 3 } });
    await check(workspace);
    utimesSync(largeFile(workspace), 1, 1);
    const after = await check(workspace, 1e-9);
    expect(after.unchecked).toMatchObject({ files: 3, never: 1 });
  });

  it('tells how far it is, and stops when it is told to', async () => {
    const workspace = await tracked();
    const events: OcrpipeEvent[] = [];
    await fsck({}, { ...workspace.call, events: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ type: 'progress', unit: 'bytes', done: 0 });
    expect(events.at(-1)).toEqual({ type: 'progress-end', key: 'check' });
    const reason = new Error('stop');
    const stopped = fsck({}, { ...workspace.call, signal: AbortSignal.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
});

describe('fsck --repair', () => {
  function repair(workspace: WorkspaceFolder) {
    return fsck({ repair: true }, workspace.call);
  }

  function quarantined(workspace: WorkspaceFolder): string[] {
    const folder = workspace.path('.ocrstore/quarantine');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  it('heals small and large blobs and nodes from unchanged files, and keeps the rest of a damaged pack', async () => {
    const workspace = await tracked();
    const blobs = packWith(workspace, 'small text');
    damage(blobs, 'small text');
    damage(packWith(workspace, 'OCRT'), 'OCRT');
    damage(largeFile(workspace), LARGE.subarray(0, 9));
    const result = await repair(workspace);
    expect(result.damaged.map(({ healed }) => healed)).toEqual(['workspace', 'workspace', 'workspace']);
    expect(foundDamage(result)).toBe(false);
    expect(quarantined(workspace)).toHaveLength(3);
    expect(existsSync(blobs)).toBe(false);
    const after = await check(workspace);
    expect(after).toMatchObject({ checked: 5, damaged: [], missing: [], elsewhere: { objects: 0 } });
    workspace.remove('data');
    await workspace.checkout();
    expect(workspace.read('data/sub/small')).toBe('small text');
    expect(readFileSync(workspace.path('data/large')).equals(LARGE)).toBe(true);
  });

  it('takes no file that was edited, and names what it could not heal', async () => {
    const workspace = await tracked();
    damage(packWith(workspace, 'small text'), 'small text');
    workspace.write('data/sub/small', 'something else');
    const result = await repair(workspace);
    expect(result.damaged).toMatchObject([{ paths: ['data/sub/small'] }]);
    expect(result.damaged[0]).not.toHaveProperty('healed');
    expect(result.missing).toEqual([]);
    expect(foundDamage(result)).toBe(true);
    expect(quarantined(workspace)).toHaveLength(1);
    const after = await check(workspace);
    expect(after.damaged).toEqual([]);
    expect(after.missing).toMatchObject([{ paths: ['data/sub/small'] }]);
  });

  it('heals from a remote what is not in the workspace, whole directories that are missing too', async () => {
    const workspace = await tracked();
    const settings = { url: temporaryFolder() };
    await remoteAdd({ name: 'disk', settings, makeDefault: true, check: false }, workspace.call);
    await push({ targets: [], jobs: 2, verify: false }, workspace.call);
    workspace.remove('data');
    damage(packWith(workspace, 'small text'), 'small text');
    damage(packWith(workspace, 'OCRT'), 'OCRT');
    damage(largeFile(workspace), LARGE.subarray(0, 9));
    const result = await repair(workspace);
    expect(result.damaged.map(({ healed }) => healed)).toEqual(['remote', 'remote', 'remote']);
    await workspace.checkout();
    expect(workspace.read('data/sub/small')).toBe('small text');
    expect(await check(workspace)).toMatchObject({ damaged: [], missing: [], elsewhere: { objects: 0 } });
  });

  it.each([
    ['header', 'OCRP'],
    ['trailer', 'OCRE'],
    ['table', Buffer.from(contentIdOf('small text'), 'hex')],
  ])('loses no object of a pack with a damaged %s', async (_what, text) => {
    const workspace = await tracked();
    workspace.remove('data');
    damage(packWith(workspace, 'small text'), text);
    const result = await repair(workspace);
    expect(result.damaged).toMatchObject([{ object: { kind: 'pack' }, healed: 'store' }]);
    expect(foundDamage(result)).toBe(false);
    expect(await check(workspace)).toMatchObject({ checked: 5, damaged: [], missing: [] });
  });

  it('drops a damaged run record and renews format.json', async () => {
    const workspace = await tracked();
    const records = new RunRecords(workspace.path('.ocrstore'));
    const key = contentIdOf('inputs');
    const record = records.put(key, { outs: {} });
    damage(records.fileOf({ key, record }), 'outs');
    writeFileSync(workspace.path('.ocrstore/format.json'), '{');
    const result = await repair(workspace);
    expect(result.damaged.map(({ object, healed }) => [object.kind, healed]).sort()).toEqual([
      ['format', 'store'],
      ['run', 'dropped'],
    ]);
    expect(await check(workspace)).toMatchObject({ checked: 5, damaged: [], missing: [] });
    expect(quarantined(workspace)).toHaveLength(2);
  });

  it('heals any flipped bit and any cut of a file of the store from the workspace', async () => {
    const workspace = new WorkspaceFolder(temporaryFolder());
    workspace.init();
    for (const name of ['data/a', 'data/b', 'data/sub/c']) workspace.write(name, `content of ${name}`);
    await workspace.add('data');
    const sound = new Map(packs(workspace).map((file) => [file, readFileSync(file)]));
    const law = fc.asyncProperty(
      fc.constantFrom(...sound.keys()),
      fc.nat(),
      fc.option(fc.nat(7)),
      async (file, position, bit) => {
        const bytes = Buffer.from(sound.get(file)!);
        const at = position % bytes.length;
        if (bit !== null) bytes[at]! ^= 1 << bit;
        rmSync(workspace.path('.ocrstore/packs'), { recursive: true });
        mkdirSync(workspace.path('.ocrstore/packs'));
        for (const [each, content] of sound) writeFileSync(each, content);
        writeFileSync(file, bit === null ? bytes.subarray(0, at) : bytes);
        const result = await repair(workspace);
        expect(result.damaged.length).toBeGreaterThan(0);
        expect(await check(workspace)).toMatchObject({ damaged: [], missing: [], elsewhere: { objects: 0 } });
      },
    );
    await fc.assert(law, { numRuns: runs(30) });
    workspace.remove('data');
    await workspace.checkout();
    expect(workspace.read('data/sub/c')).toBe('content of data/sub/c');
  });

  it('looks into the trash, too', async () => {
    const workspace = await tracked();
    const pack = packWith(workspace, 'small text');
    const key = `packs/${basename(pack)}`;
    const { file } = new Trash(workspace.path('.ocrstore')).condemn(key, 1000)!;
    expect(await check(workspace)).toMatchObject({ checked: 5, damaged: [], missing: [] });
    damage(file, 'small text');
    const result = await repair(workspace);
    expect(result.damaged).toMatchObject([{ where: file, paths: ['data/sub/small'], healed: 'workspace' }]);
    expect(await check(workspace)).toMatchObject({ checked: 5, damaged: [], missing: [] });
  });

  it('puts back from the workspace what is merely missing', async () => {
    const workspace = await tracked();
    rmSync(packWith(workspace, 'small text'));
    rmSync(packWith(workspace, 'OCRT'));
    const result = await repair(workspace);
    expect(result.missing.every(({ healed }) => healed === 'workspace')).toBe(true);
    expect(foundDamage(result)).toBe(false);
    expect(await check(workspace)).toMatchObject({ checked: 5, missing: [] });
  });
});

describe('fsck --remote', () => {
  it('names the paths whose bytes are damaged or gone there, and heals them from the store', async () => {
    const workspace = await tracked();
    const place = temporaryFolder();
    await remoteAdd(
      { name: 'disk', settings: { url: place }, makeDefault: true, check: false },
      workspace.call,
    );
    await push({ targets: [], jobs: 2, verify: false }, workspace.call);
    const there = (repair: boolean) => fsckRemote({ repair }, workspace.call);
    expect(await there(false)).toMatchObject({ remote: 'disk', checked: 7, damaged: [], missing: [] });
    const pack = readdirSync(join(place, 'packs')).find((name) => name.endsWith('.pack'))!;
    damage(join(place, 'packs', pack), 'small text');
    const id = contentIdOf(LARGE);
    rmSync(join(place, 'objects', id.slice(0, 2), id.slice(2)));
    const found = await there(false);
    expect(found.damaged).toMatchObject([{ object: { kind: 'blob' }, paths: ['data/sub/small'] }]);
    expect(found.missing).toMatchObject([{ object: { kind: 'blob', id }, paths: ['data/large'] }]);
    expect(isUnhealed(found)).toBe(true);
    const healed = await there(true);
    expect(isUnhealed(healed)).toBe(false);
    expect(await there(false)).toMatchObject({ checked: 7, damaged: [], missing: [] });
  });
});

describe('status --store', () => {
  it('adds up what the store holds, and for how much that stands', async () => {
    const workspace = await tracked();
    workspace.write('copy/large', LARGE);
    await workspace.add('copy');
    const key = `packs/${basename(packWith(workspace, 'small text'))}`;
    writeFileSync(workspace.path('.ocrstore/tmp/1-abc'), 'text');
    const { store } = await status(workspace.call, { store: true });
    const sizes = packs(workspace).map((file) => readFileSync(file).length);
    const packed = sizes.reduce((sum, size) => sum + size, 0);
    expect(store).toMatchObject({
      folder: workspace.path('.ocrstore'),
      tracked: { files: 4, bytes: 2 * LARGE.length + 20 },
      packs: { files: 3, bytes: packed, objects: 5 },
      large: { files: 1, bytes: LARGE.length },
      stored: { files: 4, bytes: packed + LARGE.length },
      runs: { files: 0, bytes: 0 },
      tmp: { files: 1, bytes: 4 },
      dedup: (2 * LARGE.length + 20) / (packed + LARGE.length),
    });
    new Trash(workspace.path('.ocrstore')).condemn(key, 1000);
    const after = await status(workspace.call, { store: true });
    expect(after.store).toMatchObject({ packs: { files: 2 }, trash: { files: 1 } });
    expect((await status(workspace.call)).store).toBeUndefined();
  });
});
