import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fsckRemote } from '../../src/actions/fsck-remote.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { randomFrom } from '../../src/base/random.js';
import { FolderRemote } from '../../src/remote/backends/folder.js';
import { loadView } from '../../src/remote/catalog/load-view.js';
import { writeNextBase } from '../../src/remote/catalog/write-base.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { howToReplay, SEED } from '../rig/drawn.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { Machine, randomFiles } from './rig.js';

const LARGE = Buffer.alloc(1_100_000, 'large');

const isBase = (name: string): boolean => /^packs\/base-\d+\.json$/.test(name);
const isCatalog = (name: string): boolean => /^packs\/[0-9a-f]+\.cat$/.test(name);

/** Names of all files of a remote but those on their way. */
function namesOf(place: string, chosen: (name: string) => boolean = () => true): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .filter((name) => !name.startsWith('tmp/') && chosen(name));
}

function copyOne(name: string, from: string, to: string): void {
  mkdirSync(dirname(join(to, name)), { recursive: true });
  copyFileSync(join(from, name), join(to, name));
}

/** A copy of a live remote as it is documented, one file a step: bases and catalogs are listed first and copied last. */
function* copyInOrder(from: string, to: string): Generator<string> {
  const bases = namesOf(from, isBase);
  yield 'bases listed';
  const catalogs = namesOf(from, isCatalog);
  yield 'catalogs listed';
  for (const name of namesOf(from, (each) => !isBase(each) && !isCatalog(each))) yield* copied(name);
  for (const name of [...catalogs, ...bases]) yield* copied(name);

  function* copied(name: string): Generator<string> {
    copyOne(name, from, to);
    yield name;
  }
}

const TRANSFER = { targets: [], jobs: 2 };
let place: string;
let copy: string;
let here: WorkspaceFolder;

async function workspaceAt(remote: string): Promise<WorkspaceFolder> {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  await remoteAdd({ name: 'r', settings: { url: remote }, makeDefault: true, check: false }, folder.call);
  return folder;
}

/** A machine that knows the pointers of this workspace, and the copy alone. */
async function beyond(): Promise<WorkspaceFolder> {
  const there = await workspaceAt(copy);
  for (const name of readdirSync(here.root))
    if (name.endsWith('.ocr')) copyFileSync(here.path(name), there.path(name));
  return there;
}

const pullAll = (folder: WorkspaceFolder) => pull({ ...TRANSFER, force: false }, folder.call);
const pushAll = (folder: WorkspaceFolder) => push({ ...TRANSFER, verify: false }, folder.call);
const check = (folder: WorkspaceFolder) => fsckRemote({ repair: false }, folder.call);

beforeEach(async () => {
  const home = temporaryFolder();
  [place, copy] = [join(home, 'remote'), join(home, 'copy')];
  mkdirSync(place);
  here = await workspaceAt(place);
  for (const index of [1, 2]) {
    here.write(`data${index}/small`, `small ${index}`);
    here.write(`data${index}/large`, Buffer.concat([LARGE, Buffer.from(String(index))]));
    await here.add(`data${index}`);
    await pushAll(here);
  }
});

/** Somebody else's pushes to the remote; `join` is what every 64th of them does besides. */
class Others {
  readonly #machine = new Machine();
  readonly #remote = new FolderRemote(place);

  push(): Promise<unknown> {
    return this.#machine.push(this.#remote, [this.#machine.add(randomFiles(2, 100))], { project: 'other' });
  }

  async join(): Promise<void> {
    const source = this.#machine.source(this.#remote);
    await writeNextBase(source, (await loadView(source)).parts.format!);
  }
}

describe('a copy of a remote to which others push meanwhile', () => {
  it('is clean and has all that was pushed before, made by plain file operations in the order that is documented', async () => {
    const others = new Others();
    const random = randomFrom(SEED);
    await others.push();
    await others.join();
    for (const step of copyInOrder(place, copy)) {
      expect(existsSync(copy) || step.endsWith('listed')).toBe(true);
      if (random.uniform() < 0.3) await others.push();
      if (step === 'bases listed' || random.uniform() < 0.1) await others.join();
    }
    expect(namesOf(place, isBase).length, howToReplay()).toBeGreaterThan(namesOf(copy, isBase).length);

    const there = await beyond();
    await pullAll(there);
    for (const name of ['data1', 'data2'])
      expect(listing(there.path(name))).toEqual(listing(here.path(name)));
    expect(await check(there), howToReplay()).toMatchObject({ damaged: [], missing: [] });
    expect(await pushAll(here)).toMatchObject({ objects: 0 });
  });

  it('is brought up to date by the same again, and is a remote as any other', async () => {
    const others = new Others();
    for (const round of [1, 2]) {
      here.write('data1/small', `round ${round}`);
      await here.add('data1');
      await pushAll(here);
      for (const step of copyInOrder(place, copy)) if (step.length % 7 === 0) await others.push();
      const there = await beyond();
      await pullAll(there);
      expect(there.read('data1/small')).toBe(`round ${round}`);
      expect(await check(there)).toMatchObject({ damaged: [], missing: [] });
    }
    const there = await beyond();
    there.write('own/small', 'of the copy');
    await there.add('own');
    await pushAll(there);
    expect(await check(there)).toMatchObject({ damaged: [], missing: [] });
  });
});

describe('a copy in another order', () => {
  const copyAll = (chosen: (name: string) => boolean) => {
    for (const name of namesOf(place, chosen)) copyOne(name, place, copy);
  };

  it('names what it lacks, has the rest, and takes what is missing from a push', async () => {
    copyAll((name) => !isBase(name) && !isCatalog(name));
    here.write('late/small', 'pushed between packs and catalogs');
    here.write('late/large', Buffer.concat([LARGE, Buffer.from('late')]));
    await here.add('late');
    await pushAll(here);
    copyAll((name) => isBase(name) || isCatalog(name));
    const there = await beyond();
    await expect(pullAll(there)).rejects.toMatchObject({
      code: 'object-missing',
      message: expect.stringMatching(/^the bytes of late .*neither here nor on/) as string,
    });
    for (const name of ['data1', 'data2'])
      expect(listing(there.path(name))).toEqual(listing(here.path(name)));
    expect((await check(there)).missing.length).toBeGreaterThan(0);

    const sender = await workspaceAt(copy);
    sender.write('late/small', here.read('late/small'));
    sender.write('late/large', Buffer.concat([LARGE, Buffer.from('late')]));
    await sender.add('late');
    await pushAll(sender);
    await pullAll(there);
    expect(listing(there.path('late'))).toEqual(listing(here.path('late')));
  });

  it('says that catalogs are missing which a base names', async () => {
    const others = new Others();
    await others.push();
    await others.join();
    copyAll((name) => !isCatalog(name));
    await expect(pullAll(await beyond())).rejects.toMatchObject({
      code: 'remote-unsteady',
      hint: expect.stringContaining('copy') as string,
    });
  });

  it.each([
    [
      'cut',
      (file: string) => {
        truncateSync(file, 40);
      },
    ],
    [
      'longer',
      (file: string) => {
        appendFileSync(file, 'x');
      },
    ],
    [
      'not there',
      (file: string) => {
        rmSync(file);
      },
    ],
  ])('never gives wrong bytes: a pack that is %s counts as absent', async (_what, spoil) => {
    copyAll(() => true);
    for (const name of namesOf(copy, (each) => each.endsWith('.pack'))) spoil(join(copy, name));
    const there = await beyond();
    await expect(pullAll(there)).rejects.toMatchObject({ code: 'object-missing' });
    expect(existsSync(there.path('data1/small'))).toBe(false);
    expect((await check(there)).missing.length + (await check(there)).damaged.length).toBeGreaterThan(0);
  });

  it('without format.json gives what it has all the same', async () => {
    copyAll((name) => name !== 'format.json');
    const there = await beyond();
    await pullAll(there);
    expect(listing(there.path('data1'))).toEqual(listing(here.path('data1')));
  });
});
