import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OcrpipeError } from '../../src/base/errors.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { GcFolder } from './gc-folder.js';

/** How many objects would go. */
async function wouldGo(folder: GcFolder, scope: Parameters<GcFolder['gc']>[0] = {}): Promise<number> {
  return (await folder.gc({ dryRun: true, ...scope })).condemned.objects;
}

async function failure(promise: Promise<unknown>): Promise<OcrpipeError> {
  const [settled] = await Promise.allSettled([promise]);
  if (settled.status === 'rejected' && settled.reason instanceof OcrpipeError) return settled.reason;
  throw new Error(`it ended otherwise: ${JSON.stringify(settled)}`);
}

/** The objects of one version that no other has: a small blob, a large one, a node. */
const VERSION = 3;

describe('gc in a git repository', () => {
  test('keeps the commits of the scope, and every one of them can be checked out', async () => {
    const folder = GcFolder.withGit();
    const commits = new Map<string, string>();
    for (const name of ['first', 'tagged', 'branched', 'tried', 'last']) {
      commits.set(name, await folder.version(name));
      if (name === 'tagged') folder.git('tag', '-a', 'v1', '-m', 'one');
      if (name === 'branched') folder.git('branch', 'side');
      if (name === 'tried') folder.git('update-ref', 'refs/ocrpipe/exp/one', 'HEAD');
    }
    expect(await wouldGo(folder)).toBe(4 * VERSION);
    expect(await wouldGo(folder, { branches: true })).toBe(3 * VERSION);
    expect(await wouldGo(folder, { branches: true, tags: true })).toBe(2 * VERSION);
    expect(await wouldGo(folder, { branches: true, tags: true, experiments: true })).toBe(VERSION);
    expect(await wouldGo(folder, { commits: true })).toBe(0);
    await folder.gc({ tags: true, experiments: true, now: true });
    for (const name of ['tagged', 'tried', 'last']) {
      expect(await folder.contentAt(commits.get(name)!)).toBe(name);
    }
    expect(await failure(folder.contentAt(commits.get('first')!))).toMatchObject({ code: 'object-missing' });
  });

  test('keeps what only a branch ever held that was merged without its changes', async () => {
    const folder = GcFolder.withGit();
    const first = await folder.version('first');
    folder.git('checkout', '-q', '-b', 'side');
    const side = await folder.version('side');
    folder.git('checkout', '-q', 'main');
    await folder.checkout([], true);
    folder.write('note', 'ours');
    folder.commitAll('note');
    // What the side branch brought is in no later commit.
    folder.git('merge', '-q', '-s', 'ours', '-m', 'merged', 'side');
    folder.git('branch', '-D', '-q', 'side');
    const last = await folder.version('last');
    expect(await wouldGo(folder, { commits: true })).toBe(0);
    await folder.gc({ commits: true, now: true });
    expect(await folder.contentAt(side)).toBe('side');
    expect(await folder.contentAt(first)).toBe('first');
    expect(await folder.contentAt(last)).toBe('last');
  });

  test('keeps what is in the index, in the stash and in other work trees', async () => {
    const folder = GcFolder.withGit();
    await folder.version('committed');
    await folder.put('stashed');
    folder.git('stash', '-q');
    await folder.put('stashed later');
    folder.git('stash', '-q');
    await folder.checkout([], true);
    const tree = join(temporaryFolder(), 'tree');
    folder.git('worktree', 'add', '-q', '--detach', tree);
    await folder.put('in the work tree');
    writeFileSync(join(tree, 'data.ocr'), folder.read('data.ocr'));
    await folder.put('added');
    folder.git('add', 'data.ocr');
    await folder.put('gone');
    await folder.put('here');
    expect(await wouldGo(folder)).toBe(VERSION);
    folder.git('stash', 'drop', '-q', 'stash@{1}');
    expect(await wouldGo(folder)).toBe(2 * VERSION);
    folder.git('worktree', 'remove', '--force', tree);
    expect(await wouldGo(folder)).toBe(3 * VERSION);
    folder.git('add', 'data.ocr');
    expect(await wouldGo(folder)).toBe(4 * VERSION);
  });

  test('keeps an untracked pointer that was stashed, and both sides of a merge that is not settled', async () => {
    const folder = GcFolder.withGit();
    folder.write('note', 'one');
    folder.commitAll('one');
    await folder.put('untracked');
    folder.git('stash', '-q', '--include-untracked');
    folder.remove('data');
    expect(await wouldGo(folder)).toBe(0);
    folder.git('stash', 'drop', '-q');
    // And what is the same in all, which nothing needs by now.
    expect(await wouldGo(folder)).toBe(VERSION + 2);
    const base = await folder.version('base');
    await folder.version('ours');
    folder.git('checkout', '-q', '-b', 'side', base);
    await folder.checkout([], true);
    await folder.version('theirs');
    folder.git('checkout', '-q', 'main');
    expect(() => folder.git('merge', 'side')).toThrow();
    expect(await failure(folder.gc())).toMatchObject({ code: 'conflict-markers' });
    folder.git('checkout', '--ours', '--', 'data.ocr');
    await folder.checkout([], true);
    folder.git('update-ref', '-d', 'ORIG_HEAD');
    folder.remove('.git/MERGE_HEAD');
    expect(await wouldGo(folder)).toBe(VERSION);
  });

  test('stops at a pointer or lock that it cannot read, and names commit and path', async () => {
    const folder = GcFolder.withGit();
    await folder.version('first');
    folder.write('broken.ocr', 'version: 1\nid: none\nkind: file\nsize: 1\n');
    const broken = folder.commitAll('broken').slice(0, 10);
    folder.remove('broken.ocr');
    await folder.version('second');
    expect(await wouldGo(folder)).toBe(VERSION);
    const error = await failure(folder.gc({ commits: true }));
    expect(error).toMatchObject({ code: 'broken-pointer', exitCode: 2 });
    expect(error.message).toContain(`broken.ocr (in commit ${broken})`);
    expect(error.hint).toContain(
      `scope without it, or have this one version passed over with --skip-broken ${broken}:broken.ocr`,
    );
    folder.write('pipeline.lock', 'version: 1\nstages: no\n');
    expect(await failure(folder.gc())).toMatchObject({ code: 'lock-invalid' });
    expect(folder.files('trash')).toEqual([]);
  });

  test('goes on without exactly the broken versions that are named, and keeps what stands in them', async () => {
    const folder = GcFolder.withGit();
    await folder.version('first');
    const id = /^id: (.*)$/m.exec(folder.read('data.ocr'))![1]!;
    // As another ocrpipe would write it, and as a merge leaves it.
    folder.write('newer.ocr', `version: 9\nid: ${id}\nkind: directory\nchunks: {}\n`);
    const newer = folder.commitAll('newer').slice(0, 10);
    folder.remove('newer.ocr');
    folder.write('pipeline.lock', '<<<<<<< ours\nversion: 1\n=======\n>>>>>>> theirs\n');
    const merged = folder.commitAll('merged').slice(0, 10);
    folder.remove('pipeline.lock');
    await folder.put('second');
    folder.commitAll('second');
    folder.git('rm', '-q', '--cached', 'data.ocr');
    const all = { commits: true };
    const newerName = `${newer}:newer.ocr`;
    const lockName = `${merged}:pipeline.lock`;
    const error = await failure(folder.gc(all));
    expect(error.hint).toContain(`--skip-broken ${lockName}`);
    expect(error.hint).toContain(`cannot be read either: ${newerName}.`);
    expect(await failure(folder.gc({ ...all, skipBroken: [newerName] }))).toMatchObject({
      code: 'conflict-markers',
      exitCode: 2,
      hint: expect.stringContaining(lockName) as string,
    });
    const { condemned, skippedBroken } = await folder.gc({ ...all, skipBroken: [newerName, lockName] });
    expect(condemned.objects).toBe(0);
    expect([...skippedBroken].sort()).toEqual([
      `newer.ocr (in commit ${newer})`,
      `pipeline.lock (in commit ${merged})`,
    ]);
  });

  test('keeps by its id alone what only a broken version that is passed over still names', async () => {
    const folder = GcFolder.withGit();
    await folder.put('once');
    const id = /^id: (.*)$/m.exec(folder.read('data.ocr'))![1]!;
    folder.write('broken.ocr', `version: 9\nid: ${id}\n`);
    folder.remove('data.ocr');
    folder.remove('data');
    const broken = folder.commitAll('broken');
    folder.remove('broken.ocr');
    await folder.version('later');
    expect(await wouldGo(folder)).toBeGreaterThan(0);
    expect(await wouldGo(folder, { commits: true, skipBroken: [`${broken}:broken.ocr`] })).toBe(0);
  });

  test.each([
    ['broken.ocr', 'skip-broken-invalid'],
    [':broken.ocr', 'skip-broken-invalid'],
    ['HEAD:', 'skip-broken-invalid'],
    ['HEAD:broken.ocr', 'skip-broken-unknown'],
    ['0123456789:data.ocr', 'skip-broken-unknown'],
    ['HEAD:data.ocr', 'skip-broken-sound'],
  ])('refuses to pass over %j', async (name, code) => {
    const folder = GcFolder.withGit();
    await folder.version('first');
    expect(await failure(folder.gc({ skipBroken: [name] }))).toMatchObject({ code, exitCode: 2 });
  });

  test('takes a name like that of a pointer for data where no pointer is in it', async () => {
    const folder = GcFolder.withGit();
    folder.write('page.ocr', 'A page as it was recognised.\n');
    folder.commitAll('text');
    await folder.version('first');
    expect(await wouldGo(folder, { commits: true })).toBe(0);
  });
});
