import { EventEmitter, once } from 'node:events';
import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { OcrpipeError } from '../../src/base/errors.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import type { AbsPath } from '../../src/base/paths.js';
import { gc } from '../../src/actions/gc.js';
import { gatherFacts } from '../../src/actions/gc-facts.js';
import { Workspace } from '../../src/project/workspace.js';
import { LocalStore } from '../../src/store/local-store.js';
import { useStore, useStoreAlone } from '../../src/store/store-use.js';
import { runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { GcFolder } from './gc-folder.js';

const BUSY = fileURLToPath(new URL('busy-child.mjs', import.meta.url));
const ROUNDS = 8;

/** A workspace over a shared store, with a path to track, a stage that reads it and a remote. */
async function busyWorkspace(root: string, store: string, remote: string): Promise<GcFolder> {
  const folder = GcFolder.withoutGit(root as AbsPath);
  folder.write('.ocrstore/config.local.yaml', `version: 1\nstore:\n  path: ${store}\n`);
  folder.write(
    '.ocrstore/config.yaml',
    `version: 1\ndefault: team\nproject: p\nremotes:\n  team:\n    url: ${remote}\n`,
  );
  folder.write(
    'pipeline.yaml',
    'stages:\n  copy:\n    run: cp data/a out\n    deps: [data]\n    outs: [out]\n',
  );
  folder.write('data/a', 'at first');
  folder.write('data/below/b', 'the same in all');
  await folder.add('data');
  return folder;
}

/** Works in the workspaces, one process each, while this one collects again and again. */
async function collectBeside(folders: readonly GcFolder[], now: boolean): Promise<number> {
  const working = folders.map((folder) =>
    runProcess(process.execPath, [BUSY, folder.root, String(ROUNDS)], { cwd: folder.root }),
  );
  const state = { working: true, collections: 0, condemned: 0 };
  const done = Promise.all(working).then((results) => {
    state.working = false;
    for (const { stderr, exitCode } of results)
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });
  while (state.working) {
    const [{ condemned }, check] = await Promise.all([folders[0]!.gc({ now }), fsck({}, folders[1]!.call)]);
    expect(check.damaged).toEqual([]);
    state.collections += 1;
    state.condemned += condemned.objects;
  }
  await done;
  expect(state.collections).toBeGreaterThan(2);
  return state.condemned;
}

test('gc judges nothing that is stored after it began to look', async () => {
  const folder = GcFolder.withoutGit();
  await folder.put('first');
  const workspace = Workspace.open(folder.call, 'test');
  const store = LocalStore.inspect(folder.path('.ocrstore'));
  const judging = { workspaces: [folder.root], unpushed: true, allowMissing: false };
  const looking = gatherFacts(workspace, store, judging);
  const writer = workspace.store.writer();
  writer.putBlob(Buffer.from('no pointer names it yet'));
  const later = writer.finish().packs;
  const seen = (await looking).inventory.packs.map(({ packId }) => packId);
  expect(seen.length).toBeGreaterThan(0);
  expect(later.filter((pack) => seen.includes(pack))).toEqual([]);
  expect(later).toHaveLength(1);
  store.close();
  workspace.close();
});

describe('gc beside add, commit, checkout, repro and push of other processes', { timeout: 120_000 }, () => {
  test.each([false, true])('takes nothing that they need (--now: %s)', async (now) => {
    const base = temporaryFolder();
    const store = join(base, 'store');
    const remote = join(base, 'remote');
    mkdirSync(remote);
    LocalStore.create(store).close();
    const folders = [];
    for (const name of ['one', 'two']) folders.push(await busyWorkspace(join(base, name), store, remote));
    expect(await collectBeside(folders, now)).toBeGreaterThan(0);
    for (const folder of folders) {
      expect(await fsck({}, folder.call)).toMatchObject({
        damaged: [],
        missing: [],
        leftovers: { unknown: [] },
      });
      folder.remove('data');
      await folder.checkout();
      expect(folder.read('data/below/b')).toBe('the same in all');
    }
    expect(readdirSync(join(store, 'locks', 'users'))).toEqual([]);
  });
});

describe('gc --now', () => {
  test('waits for who uses the store, says for whom, and lets others in meanwhile', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    await folder.put('second');
    const root = folder.path('.ocrstore');
    const first = await useStore({ root, command: 'ocrpipe repro' });
    const events: OcrpipeEvent[] = [];
    const told = new EventEmitter();
    const sink = (event: OcrpipeEvent): void => {
      events.push(event);
      told.emit('told');
    };
    const input = { projects: [], forgetWorkspaces: [], allowMissing: false, dryRun: false };
    const collecting = gc(
      { ...input, workspace: true, unpushed: true, now: true },
      { ...folder.call, events: sink },
    );
    await once(told, 'told');
    expect(events).toMatchObject([{ type: 'waiting', what: 'the store' }]);
    expect(JSON.stringify(events)).toContain('ocrpipe repro');
    const second = await useStore({ root, command: 'ocrpipe add' });
    first.release();
    second.release();
    expect((await collecting).deleted.objects).toBe(3);
  });

  test('is not kept waiting by a process that died', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const dead = JSON.stringify({ root: folder.path('.ocrstore'), command: 'ocrpipe add' });
    const modules = fileURLToPath(new URL('../../.cache/modules/store/store-use.js', import.meta.url));
    const script = `const { useStore } = await import(${JSON.stringify(modules)}); await useStore(${dead}); process.kill(process.pid, 'SIGKILL');`;
    const run = await runProcess(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder.root,
    });
    expect(run.signal).toBe('SIGKILL');
    expect(folder.files('locks/users')).toHaveLength(1);
    expect((await folder.gc({ now: true })).condemned.objects).toBe(0);
    expect(folder.files('locks/users')).toEqual([]);
  });

  test('waits a minute at most for a mark that names nobody, as a full disk leaves', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    folder.write('.ocrstore/locks/users/95796ab698744d8675d66c62a53eb543', '');
    const stop = new AbortController();
    const waiting = useStoreAlone({
      ...{ root: folder.path('.ocrstore'), command: 'ocrpipe gc', signal: stop.signal },
      events: (event) => {
        stop.abort(new Error(JSON.stringify(event)));
      },
    });
    await expect(waiting).rejects.toThrow('a process that has not said who it is');
    const past = new Date(Date.now() - 61_000);
    utimesSync(folder.path('.ocrstore/locks/users/95796ab698744d8675d66c62a53eb543'), past, past);
    expect((await folder.gc({ now: true })).condemned.objects).toBe(0);
    expect(folder.files('locks/users')).toEqual([]);
  });

  test('ends when it is told to stop while it waits', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const use = await useStore({ root: folder.path('.ocrstore'), command: 'ocrpipe add' });
    const stop = new AbortController();
    const reason = new OcrpipeError('interrupted', 'stopped');
    const waiting = useStoreAlone({
      ...{ root: folder.path('.ocrstore'), command: 'ocrpipe gc', signal: stop.signal },
      events: () => {
        stop.abort(reason);
      },
    });
    await expect(waiting).rejects.toBe(reason);
    use.release();
    expect(folder.files('locks')).toEqual([]);
  });
});
