import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { pull } from '../../src/actions/pull.js';
import type { EventSink } from '../../src/base/events.js';
import { OcrpipeError } from '../../src/base/errors.js';
import type { AbsPath } from '../../src/base/paths.js';
import { gcText } from '../../src/cli/gc-text.js';
import { LocalStore } from '../../src/store/local-store.js';
import { crashesOf } from '../rig/crashes.js';
import { git } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { damageObject } from './damage.js';
import { GcFolder } from './gc-folder.js';

/** The error that a promise ends with. */
async function failure(promise: Promise<unknown>): Promise<OcrpipeError> {
  const [settled] = await Promise.allSettled([promise]);
  if (settled.status === 'rejected' && settled.reason instanceof OcrpipeError) return settled.reason;
  throw new Error(`it ended otherwise: ${JSON.stringify(settled)}`);
}

/** A workspace without git, in whose store a first version of the data is not needed any more. */
async function twoVersions(): Promise<GcFolder> {
  const folder = GcFolder.withoutGit();
  await folder.put('first');
  await folder.put('second');
  return folder;
}

/** A workspace whose store has a dozen small packs and more, one of them with something that nothing needs. */
async function smallPacks(): Promise<GcFolder> {
  const folder = GcFolder.withoutGit();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    folder.write(`${name}/file`, `content of ${name}`);
    await folder.add(name);
  }
  folder.write('mixed/kept', 'kept');
  folder.write('mixed/dropped', 'dropped'.repeat(100));
  await folder.add('mixed');
  folder.remove('mixed/dropped');
  await folder.add('mixed');
  return folder;
}

describe('gc', () => {
  test('asks what to keep', async () => {
    const error = await failure(GcFolder.withoutGit().gc({ workspace: false }));
    expect(error).toMatchObject({ code: 'gc-no-scope', exitCode: 2 });
    expect(error.hint).toContain('--all-commits');
  });

  test('moves to the trash what nothing needs, and deletes it after the grace period', async () => {
    const folder = await twoVersions();
    const before = folder.files('');
    const planned = await folder.gc({ dryRun: true });
    expect(folder.files('')).toEqual(before);
    const { condemned, deleted, files } = await folder.gc();
    expect({ condemned, deleted, files }).toEqual({
      condemned: planned.condemned,
      deleted: planned.deleted,
      files: planned.files,
    });
    expect(condemned).toMatchObject({ files: 3, objects: 3 });
    expect(condemned.bytes).toBeGreaterThan(1024 * 1024);
    expect(deleted.files).toBe(0);
    expect(folder.files('trash').map((name) => name.replace(/^\d+\//, ''))).toEqual(files.condemned);
    folder.age(6.9);
    expect((await folder.gc()).waiting.files).toBe(3);
    folder.age(0.2);
    expect((await folder.gc()).deleted).toMatchObject({ files: 3, objects: 3 });
    expect(readdirSync(folder.path('.ocrstore/trash'))).toEqual([]);
    folder.remove('data');
    await folder.checkout();
    expect(folder.read('data/a')).toBe('second');
  });

  test('with --dry-run says which files of the store would go, how much that is, and until when it can be had back', async () => {
    const folder = await twoVersions();
    const dry = await folder.gc({ dryRun: true });
    expect(dry.files.condemned).toHaveLength(3);
    const sizes = dry.files.condemned.map((file) => statSync(folder.path(`.ocrstore/${file}`)).size);
    const held = sizes.reduce((sum, size) => sum + size, 0);
    // The rest is what is needed in a pack that is written anew, and the tables.
    expect(held - dry.condemned.bytes).toBeGreaterThan(0);
    expect(held - dry.condemned.bytes).toBeLessThan(500);
    expect(gcText(dry).split('\n')).toEqual([
      'Would move to the trash: 3 objects, 1.0 MB (it can be had back for 7 days)',
      ...dry.files.condemned.map((file) => `  ${file}`),
      'Would write anew: 2 packs',
      'Needed: 5 objects, 1.0 MB',
    ]);
    const done = await folder.gc();
    expect(gcText(done).split('\n')[0]).toBe(
      'Moved to the trash: 3 objects, 1.0 MB (it can be had back for 7 days)',
    );
    folder.age(8);
    const later = await folder.gc({ dryRun: true });
    expect(later.files).toEqual({ condemned: [], deleted: dry.files.condemned });
    expect(gcText(later).split('\n').slice(0, -1)).toEqual([
      'Would delete: 3 objects, 1.0 MB',
      ...later.files.deleted.map((file) => `  ${file}`),
    ]);
    expect(folder.files('trash')).toHaveLength(3);
    const many = {
      ...dry,
      files: { ...dry.files, condemned: Array.from({ length: 25 }, (_, file) => `packs/${file}`) },
    };
    expect(gcText(many)).toContain("\n  packs/19\n  and 5 more ('--json' has them all)\n");
  });

  test('waits as long as the configuration says, a day at least', async () => {
    const folder = await twoVersions();
    folder.write('.ocrstore/config.local.yaml', 'version: 1\ngc:\n  grace: 36h\n');
    expect((await folder.gc()).graceHours).toBe(36);
    folder.age(1.4);
    expect((await folder.gc()).deleted.files).toBe(0);
    folder.age(0.2);
    expect((await folder.gc()).deleted.files).toBe(3);
    folder.write('.ocrstore/config.local.yaml', 'version: 1\ngc:\n  grace: 23h\n');
    expect(await failure(folder.gc())).toMatchObject({ code: 'invalid-value', exitCode: 2 });
  });

  test('brings back what is needed again, however long it was in the trash', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const pointer = folder.read('data.ocr');
    await folder.put('second');
    await folder.gc();
    folder.age(100);
    folder.write('data.ocr', pointer);
    expect(await folder.gc({ dryRun: true })).toMatchObject({ rescued: 3, deleted: { files: 0 } });
    expect(await folder.gc()).toMatchObject({ rescued: 3, deleted: { files: 0 } });
    expect(folder.files('trash')).toEqual([]);
    await folder.checkout();
    expect(folder.read('data/a')).toBe('first');
  });

  test('deletes at once with --now what was condemned before, too', async () => {
    const folder = await twoVersions();
    await folder.gc();
    await folder.put('third');
    const planned = await folder.gc({ now: true, dryRun: true });
    expect(planned.deleted.files).toBe(6);
    const done = await folder.gc({ now: true });
    expect(done).toMatchObject({ deleted: planned.deleted, condemned: { files: 3 }, graceHours: 0 });
    expect(folder.files('trash')).toEqual([]);
    expect(await folder.state('data')).toBe('clean');
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [] });
  });

  test('keeps what is in the workspace though the pointer names something else by now', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const pointer = folder.read('data.ocr');
    await folder.put('second');
    folder.write('data.ocr', pointer);
    expect((await folder.gc({ now: true })).condemned.files).toBe(0);
    await folder.checkout();
    expect((await folder.gc({ now: true })).condemned.files).toBe(3);
  });

  test('keeps what a checkout that was killed began to put there', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const first = folder.read('data.ocr');
    await folder.put('second');
    const second = folder.read('data.ocr');
    folder.write('data.ocr', first);
    const crashes = await crashesOf(folder.root, () => folder.checkout());
    const [last] = crashes.filter(({ site }) => site.startsWith('tracking/checkout/')).slice(-1);
    const killed = new GcFolder(last!.root as AbsPath);
    killed.write('data.ocr', second);
    await killed.gc({ now: true });
    await killed.checkout();
    expect(killed.read('data/a')).toBe('second');
  });

  test('leaves alone what it cannot read, and stops at a needed tree that is damaged', async () => {
    const folder = await twoVersions();
    const store = LocalStore.open(folder.path('.ocrstore'));
    const ids = store.packs().flatMap((table) => [...table.entries()].filter(({ kind }) => kind === 'tree'));
    expect(ids.length).toBeGreaterThan(2);
    const needed = /^id: (\w+)/m.exec(folder.read('data.ocr'))![1]!;
    damageObject(store, 'tree', needed);
    expect(await failure(folder.gc())).toMatchObject({ code: 'object-damaged' });
    expect(folder.files('trash')).toEqual([]);
  });
});

describe('gc and remotes', () => {
  test('keeps what no remote has, and lets go of what one has', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    await folder.pushAll();
    await folder.put('second');
    await folder.put('third');
    const kept = await folder.gc({ unpushed: false });
    expect(kept.condemned.files).toBeGreaterThan(0);
    expect(kept.unpushed.objects).toBeGreaterThan(0);
    const names = kept.files.condemned.join();
    expect(names).toContain('objects/');
    const again = await folder.gc({ dryRun: true });
    expect(again).toMatchObject({ unpushed: { objects: 0 } });
    expect(again.condemned.objects).toBe(kept.unpushed.objects);
  });

  test('keeps everything when the remote cannot be asked', async () => {
    const folder = await twoVersions();
    const remote = await folder.pushAll();
    await folder.put('third');
    rmSync(remote, { recursive: true });
    const { condemned, silentRemotes, joined } = await folder.gc({ unpushed: false });
    expect({ condemned: condemned.files, silentRemotes, joined: joined.packs }).toEqual({
      condemned: 0,
      silentRemotes: ['team'],
      joined: 0,
    });
  });

  test('takes no offence at directories of which only a part was pulled', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    await folder.pushAll();
    const clone = GcFolder.withoutGit();
    clone.write('.ocrstore/config.yaml', folder.read('.ocrstore/config.yaml'));
    clone.write('data.ocr', folder.read('data.ocr'));
    await pull({ targets: ['data/a'], jobs: 2, force: false }, clone.call);
    expect(await clone.gc()).toMatchObject({ condemned: { files: 0 } });
    expect(clone.read('data/a')).toBe('first');
    await pull({ targets: [], jobs: 2, force: false }, clone.call);
    expect(clone.read('data/below/same')).toBe('the same in all');
  });

  test('stops at a tree that is nowhere, unless it is told that it is lost', async () => {
    const folder = await twoVersions();
    folder.write('lost.ocr', `version: 1\nid: ${'a5'.repeat(32)}\nkind: directory\nsize: 1\nfiles: 1\n`);
    const error = await failure(folder.gc());
    expect(error).toMatchObject({ code: 'needed-tree-missing', exitCode: 1 });
    expect(error.message).toContain('lost.ocr');
    expect(folder.files('trash')).toEqual([]);
    expect((await folder.gc({ allowMissing: true })).condemned.files).toBe(3);
  });
});

describe('gc and packs', () => {
  test('joins small packs, and writes those anew of which much is not needed', async () => {
    const folder = await smallPacks();
    expect(folder.files('packs').length).toBeGreaterThan(11);
    const store = LocalStore.open(folder.path('.ocrstore'));
    const [needed] = [...store.packs()[0]!.entries()];
    const { joined } = await folder.gc();
    expect(joined).toEqual({ packs: 12, into: 2 });
    expect(folder.files('packs')).toHaveLength(2);
    // Who had the old packs open, or only their tables, goes on.
    expect(store.has(needed!.kind, needed!.id)).toBe(true);
    for (const table of store.packs()) for (const { kind, id } of table.entries()) store.read(kind, id);
    for (const name of ['a', 'mixed']) folder.remove(name);
    await folder.checkout();
    expect(folder.read('a/file') + folder.read('mixed/kept')).toBe('content of akept');
    expect(await folder.gc({ now: true })).toMatchObject({ rescued: 0, joined: { packs: 0 } });
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [] });
    expect(folder.files('packs')).toHaveLength(2);
  });

  test('shows how far it is, and told to stop at any of it, leaves all that is needed and is done by the next', async () => {
    const steps = ['see what is needed', 'join packs', 'move to the trash', 'delete'];
    for (const stop of [...steps, 'never']) {
      const folder = await smallPacks();
      const shown = new Set<string>();
      const told = new AbortController();
      const events: EventSink = (event) => {
        if (event.type === 'progress') shown.add(event.key);
        if (event.type === 'progress' && event.key === stop) told.abort(new Error('enough'));
      };
      const collected = folder.gc({ now: true }, { ...folder.call, events, signal: told.signal });
      if (stop === 'never') {
        expect((await collected).joined).toEqual({ packs: 12, into: 2 });
        expect([...shown]).toEqual(steps);
      } else {
        await expect(collected).rejects.toThrow('enough');
        expect([...shown]).toEqual(steps.slice(0, steps.indexOf(stop) + 1));
        expect(folder.files('tmp')).toEqual([]);
        expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [] });
        await folder.gc({ now: true });
      }
      expect(folder.files('packs')).toHaveLength(2);
      for (const name of ['a', 'mixed']) folder.remove(name);
      await folder.checkout();
      expect(folder.read('a/file') + folder.read('mixed/kept')).toBe('content of akept');
    }
  });

  test('deletes no pack that is the new one as well', async () => {
    const folder = GcFolder.withoutGit();
    folder.write('kept', 'kept');
    await folder.add('kept');
    folder.write('other', 'other'.repeat(100));
    const store = LocalStore.open(folder.path('.ocrstore'));
    const writer = store.writer({ again: true });
    writer.putBlob(Buffer.from('kept'));
    writer.putBlob(Buffer.from('dropped'.repeat(100)));
    writer.finish();
    // The pack without 'dropped' is the pack of the first add.
    const { joined } = await folder.gc({ now: true });
    expect(joined.packs).toBe(1);
    folder.remove('kept');
    await folder.checkout();
    expect(folder.read('kept')).toBe('kept');
  });

  test('joins no pack that a remote names', async () => {
    const folder = GcFolder.withoutGit();
    for (let count = 1; count <= 9; count += 1) {
      folder.write(`d${count}/file`, `content ${count}`);
      await folder.add(`d${count}`);
    }
    const remote = await folder.pushAll();
    const clone = GcFolder.withoutGit();
    clone.write('.ocrstore/config.yaml', folder.read('.ocrstore/config.yaml'));
    for (let count = 1; count <= 9; count += 1) {
      clone.write(`d${count}.ocr`, folder.read(`d${count}.ocr`));
    }
    await pull({ targets: [], jobs: 2, force: false }, clone.call);
    const named = readdirSync(join(remote, 'packs')).filter((name) => name.endsWith('.pack'));
    const packs = clone.files('packs');
    await clone.gc();
    expect(clone.files('packs').filter((name) => named.includes(name))).toEqual(
      packs.filter((name) => named.includes(name)),
    );
  });
});

describe('gc and workspaces that share a store', () => {
  /** Two workspaces over one store, each with a path of its own. */
  async function twoWorkspaces(): Promise<{ one: GcFolder; two: GcFolder; store: string }> {
    const base = temporaryFolder();
    const store = join(base, 'store');
    LocalStore.create(store).close();
    const [one, two] = ['one', 'two'].map((name) => {
      const folder = GcFolder.withoutGit(join(base, name) as AbsPath);
      folder.write('.ocrstore/config.local.yaml', `version: 1\nstore:\n  path: ${store}\n`);
      return folder;
    });
    for (const [folder, name] of [
      [one!, 'one'],
      [two!, 'two'],
    ] as const) {
      folder.write(`of-${name}/file`, `content of ${name}`);
      await folder.add(`of-${name}`);
    }
    return { one: one!, two: two!, store };
  }

  test('keeps what each of them needs', async () => {
    const { one, two } = await twoWorkspaces();
    expect((await one.gc({ now: true })).condemned.files).toBe(0);
    two.remove('of-two');
    await two.checkout();
    expect(two.read('of-two/file')).toBe('content of two');
    two.remove('of-two.ocr');
    two.remove('of-two');
    expect((await one.gc({ now: true })).deleted.objects).toBe(2);
  });

  test('keeps what the workspaces need that --projects names, by the same scope, though the store does not know them', async () => {
    const { one, two, store } = await twoWorkspaces();
    for (const name of readdirSync(join(store, 'workspaces'))) rmSync(join(store, 'workspaces', name));
    expect((await one.gc({ dryRun: true })).condemned.objects).toBe(2);
    expect((await one.gc({ dryRun: true, projects: ['../two'] })).condemned.objects).toBe(0);
    git(two.root, 'init', '-q', '-b', 'main');
    git(two.root, 'add', 'of-two.ocr');
    git(two.root, 'commit', '-q', '-m', 'of two');
    git(two.root, 'rm', '-q', '--cached', 'of-two.ocr');
    git(two.root, 'commit', '-q', '-m', 'none');
    for (const file of ['of-two', 'of-two.ocr']) two.remove(file);
    const projects = [join(two.root, '.ocrstore')];
    expect((await one.gc({ dryRun: true, projects, commits: true })).condemned.objects).toBe(0);
    expect((await one.gc({ projects })).condemned.objects).toBe(2);
    expect(await failure(one.gc({ projects: ['../nowhere'] }))).toMatchObject({ exitCode: 2 });
    one.remove('of-one');
    await one.checkout();
    expect(one.read('of-one/file')).toBe('content of one');
  });

  test('stops where one is gone, and names it, until it is forgotten', async () => {
    const { one, two, store } = await twoWorkspaces();
    rmSync(two.root, { recursive: true });
    const error = await failure(one.gc());
    expect(error).toMatchObject({ code: 'workspace-not-here', exitCode: 2 });
    expect(error.message + error.hint!).toContain(two.root);
    expect(await failure(one.gc({ forgetWorkspaces: ['elsewhere'] }))).toMatchObject({
      code: 'workspace-unknown',
    });
    const dry = await one.gc({ forgetWorkspaces: ['../two'], dryRun: true });
    expect(dry.condemned.objects).toBe(2);
    expect(existsSync(join(store, 'trash'))).toBe(false);
    expect((await one.gc({ forgetWorkspaces: ['../two'] })).condemned.objects).toBe(2);
    expect((await one.gc()).condemned.files).toBe(0);
  });
});
