import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { fsckRemote } from '../../src/actions/fsck-remote.js';
import { pull } from '../../src/actions/pull.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { remoteModify } from '../../src/actions/remote-modify.js';
import { contentIdOf } from '../../src/base/content-id.js';
import type { AbsPath } from '../../src/base/paths.js';
import type { RemoteSettings } from '../../src/config/settings.js';
import { adding } from '../../src/remote/backends/correction.js';
import { openRemote } from '../../src/remote/backends/open-remote.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';
import { LocalStore } from '../../src/store/local-store.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { damageObject } from './damage.js';
import { GcFolder } from './gc-folder.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  stubEnvironment(awsEnvironment(server.users.writer));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

/** A workspace without git whose remote is an empty place in the bucket. */
async function withBucket(): Promise<{ folder: GcFolder; settings: RemoteSettings }> {
  const folder = GcFolder.withoutGit();
  const settings = { url: `s3://${server.bucket}/${randomUUID()}`, endpoint: server.endpoint };
  await remoteAdd({ name: 'team', settings, makeDefault: true, check: false }, folder.call);
  return { folder, settings };
}

/** The bucket as one who may do anything with it sees it. */
async function inBucket<T>(settings: RemoteSettings, use: (remote: Remote) => Promise<T>): Promise<T> {
  const remote = await openRemote(settings, temporaryFolder(), adding('x', settings));
  try {
    return await use(remote);
  } finally {
    remote.close();
  }
}

async function keysOf(remote: Remote): Promise<string[]> {
  return (await remote.list('')).map(({ key }) => key).sort();
}

/** Replaces the first object whose key is such a one by what `change` makes of its bytes; removes it where that is nothing. */
async function spoil(
  settings: RemoteSettings,
  ending: RegExp,
  change: (bytes: Buffer) => Buffer | undefined,
): Promise<string> {
  return inBucket(settings, async (remote) => {
    const key = (await keysOf(remote)).find((each) => ending.test(each))!;
    const bytes = change(await readAll((await remote.get(key))!));
    if (bytes === undefined) await remote.delete(key);
    else await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
    return key;
  });
}

/** A workspace elsewhere that has only what is committed. */
async function pulled(folder: GcFolder): Promise<GcFolder> {
  const clone = GcFolder.withoutGit(`${temporaryFolder()}/clone` as AbsPath);
  for (const name of ['.ocrstore/config.yaml', 'data.ocr']) clone.write(name, folder.read(name));
  await pull({ targets: [], jobs: 2, force: false }, clone.call);
  return clone;
}

function writeData(folder: GcFolder, version: number): void {
  for (let file = 0; file < 6; file += 1) folder.write(`data/large-${file}`, randomBytes(1_100_000));
  for (let file = 0; file < 40; file += 1) folder.write(`data/small/${file}`, `${version} ${file}`);
}

describe('gc beside a push to S3', () => {
  it('takes nothing that is on its way', { timeout: 120_000 }, async () => {
    const { folder } = await withBucket();
    for (let version = 1; version <= 4; version += 1) {
      writeData(folder, version);
      await folder.add('data');
      const state = { pushing: true, collections: 0 };
      const pushing = folder.push().finally(() => (state.pushing = false));
      do {
        await folder.gc({ unpushed: version % 2 === 0 });
        folder.age(8);
        state.collections += 1;
      } while (state.pushing);
      await pushing;
      expect(state.collections).toBeGreaterThan(1);
      const clone = await pulled(folder);
      expect(listing(clone.path('data'))).toEqual(listing(folder.path('data')));
    }
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [], problems: [] });
    expect(await fsckRemote({ repair: false }, folder.call)).toMatchObject({ damaged: [], missing: [] });
  });
});

describe('what is wrong on S3', () => {
  const flip = (bytes: Buffer): Buffer => {
    bytes[40]! ^= 1;
    return bytes;
  };
  it.each([
    ['a damaged pack', /\.pack$/, flip, 'damaged'],
    ['a pack that is gone', /\.pack$/, () => undefined, 'missing'],
    ['a truncated catalog', /\.cat$/, (bytes: Buffer) => bytes.subarray(0, bytes.length - 50), 'damaged'],
    ['a large object that is another', /^objects/, flip, 'damaged'],
    ['a bit of the name of the store', /^format/, flip, 'damaged'],
  ] as const)('is found and healed from the store: %s', async (_title, ending, change, told) => {
    const { folder, settings } = await withBucket();
    writeData(folder, 1);
    await folder.add('data');
    await folder.push();
    const key = await spoil(settings, ending, change);
    const found = await fsckRemote({ repair: false }, folder.call);
    expect(found[told].length, key).toBeGreaterThan(0);
    const again = await fsckRemote({ repair: true }, folder.call);
    expect(again[told].every(({ healed }) => healed !== undefined)).toBe(true);
    expect(await fsckRemote({ repair: false }, folder.call)).toMatchObject({ damaged: [], missing: [] });
    const clone = await pulled(folder);
    expect(listing(clone.path('data'))).toEqual(listing(folder.path('data')));
  });

  it('never reaches the workspace, and stands in the way of nothing that is sound', async () => {
    const { folder, settings } = await withBucket();
    writeData(folder, 1);
    await folder.add('data');
    await folder.push();
    await spoil(settings, /^objects/, flip);
    await expect(pulled(folder)).rejects.toMatchObject({
      code: expect.stringContaining('damaged') as string,
    });
  });
});

describe('fsck --repair', () => {
  it('heals the store from S3', async () => {
    const { folder } = await withBucket();
    writeData(folder, 1);
    await folder.add('data');
    const whole = listing(folder.path('data'));
    await folder.push();
    folder.remove('data');
    const store = LocalStore.open(folder.path('.ocrstore'));
    for (const table of store.packs())
      for (const { kind, id } of [...table.entries()].slice(0, 1)) damageObject(store, kind, id);
    const [large] = store.looseObjects();
    damageObject(store, 'blob', large!.id);
    store.close();
    const { damaged } = await fsck({ repair: true }, folder.call);
    expect(damaged.length).toBeGreaterThan(2);
    expect(damaged.map(({ healed }) => healed)).not.toContain(undefined);
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [] });
    await folder.checkout();
    expect(listing(folder.path('data'))).toEqual(whole);
  });
});

describe('gc keeps what no remote has', () => {
  it('where S3 answers, does not, was emptied, and has it again', async () => {
    const { folder, settings } = await withBucket();
    await folder.put('first');
    await folder.push();
    await folder.put('second');
    await folder.put('third');
    const asked = async () => {
      const { condemned, unpushed, silentRemotes, files } = await folder.gc({
        unpushed: false,
        dryRun: true,
      });
      return { condemned: condemned.objects, unpushed: unpushed.objects, silentRemotes, files };
    };
    const answered = await asked();
    // The first version is there; of the second, its root, one small file and the large one are nowhere else.
    expect(answered).toMatchObject({ condemned: 3, unpushed: 3, silentRemotes: [] });
    const endpoint = async (value: string) =>
      remoteModify({ name: 'team', changes: { endpoint: value }, unset: [], local: false }, folder.call);
    await endpoint('http://127.0.0.1:9');
    expect(await asked()).toMatchObject({ condemned: 0, unpushed: 6, silentRemotes: ['team'] });
    await endpoint(server.endpoint);
    expect(await asked()).toEqual(answered);
    await inBucket(settings, async (remote) => {
      for (const key of await keysOf(remote)) await remote.delete(key);
    });
    expect(await asked()).toMatchObject({ condemned: 0, unpushed: 6 });
    expect((await folder.gc({ unpushed: false, now: true })).condemned.files).toBe(0);
  });
});
