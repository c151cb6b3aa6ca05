import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commitData, dataIn, goTo, mergingWorkspace, tryGit } from './merging-workspace.js';

describe('git merge with the drivers of ocrpipe', () => {
  it('merges what two branches add, change and delete in one tracked folder by itself', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'new', 'sub/c': 'changed' }, 'side');
    await goTo(here, 'main');
    await commitData(here, { y: 'other', b: undefined }, 'main');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    expect(await here.json('status')).toMatchObject({
      tracked: [{ path: 'data/raw', state: 'modified', cause: 'pointer-moved', inStore: true }],
    });
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toEqual({ a: '1', x: 'new', y: 'other', 'sub/c': 'changed' });
    const id = here.read('data/raw.ocr');
    await here.ocrpipe('add', 'data/raw');
    expect(here.read('data/raw.ocr')).toBe(id);
    expect((await here.json<{ damaged: unknown[] }>('fsck')).damaged).toEqual([]);
  });

  it('never loses an edit that was made beside the merge', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'new' }, 'side');
    await goTo(here, 'main');
    await commitData(here, { y: 'other' }, 'main');
    here.write('data/raw/a', 'edited, not added');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    const refused = await here.run(['checkout']);
    expect(refused.exitCode).toBe(2);
    expect(here.read('data/raw/a')).toBe('edited, not added');
  });

  it('merges the executable bit of one side with the bytes of the other, for files in folders and by themselves', async () => {
    const here = await mergingWorkspace();
    here.write('data/tool', 'one');
    await here.ocrpipe('add', 'data/tool');
    await here.commit('tool');
    await goTo(here, 'side', 'main');
    for (const name of ['data/tool', 'data/raw/a']) chmodSync(here.path(name), 0o755);
    await here.ocrpipe('add', 'data/tool');
    await commitData(here, {}, 'bits');
    await goTo(here, 'main');
    here.write('data/tool', 'two');
    await here.ocrpipe('add', 'data/tool');
    await commitData(here, { a: 'two' }, 'bytes');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    await here.ocrpipe('checkout');
    for (const name of ['data/tool', 'data/raw/a']) {
      expect(here.read(name)).toBe('two');
      expect(statSync(here.path(name)).mode & 0o100).toBe(0o100);
    }
  });

  it('merges folders that both sides began to track under one name', async () => {
    const here = await mergingWorkspace();
    for (const [branch, file] of [
      ['one', 'p'],
      ['two', 'q'],
    ] as const) {
      await goTo(here, branch, 'main');
      here.remove('data/new');
      here.write(`data/new/${file}`, file);
      await here.ocrpipe('add', 'data/new');
      await here.commit(branch);
    }
    await here.git('merge', '--quiet', 'one', '-m', 'both');
    await here.ocrpipe('checkout');
    expect([here.read('data/new/p'), here.read('data/new/q')]).toEqual(['p', 'q']);
  });

  it('follows a pointer that one side renamed', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'new' }, 'more');
    await goTo(here, 'main');
    await here.ocrpipe('mv', 'data/raw', 'data/plates');
    await here.commit('renamed');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    await here.ocrpipe('checkout');
    expect(here.read('data/plates/x')).toBe('new');
    expect(here.has('data/raw.ocr')).toBe(false);
  });

  it('merges a criss-cross history, in which git merges the bases first', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'one', 'main');
    const first = await commitData(here, { x: 'one', a: 'one' }, 'one');
    await goTo(here, 'two', 'main');
    const second = await commitData(here, { y: 'two', a: 'two' }, 'two');
    // Each merges the other, with the same answer to the conflict in `a`.
    for (const [branch, other] of [
      ['one', second],
      ['two', first],
    ] as const) {
      await goTo(here, branch);
      expect((await tryGit(here, 'merge', other)).exitCode).toBe(1);
      await here.ocrpipe('resolve', branch === 'one' ? '--ours' : '--theirs');
      await here.ocrpipe('checkout');
      await commitData(here, { [`after-${branch}`]: branch }, `merged into ${branch}`);
    }
    const merged = await tryGit(here, 'merge', 'one', '-m', 'criss-cross');
    expect(merged.stdout + merged.stderr).not.toContain('CONFLICT');
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toEqual({
      ...{ a: 'one', b: '2', 'sub/c': '3', x: 'one', y: 'two' },
      ...{ 'after-one': 'one', 'after-two': 'two' },
    });
  });

  it('is not asked in a merge of several branches at once, which git then refuses as a whole', async () => {
    const here = await mergingWorkspace();
    for (const branch of ['one', 'two']) {
      await goTo(here, branch, 'main');
      await commitData(here, { [branch]: branch }, branch);
    }
    await goTo(here, 'main');
    await commitData(here, { main: 'main' }, 'main');
    const before = here.read('data/raw.ocr');
    expect((await tryGit(here, 'merge', 'one', 'two')).exitCode).not.toBe(0);
    await tryGit(here, 'merge', '--abort');
    await here.git('reset', '--merge');
    expect(here.read('data/raw.ocr')).toBe(before);
    for (const branch of ['one', 'two']) await here.git('merge', '--quiet', branch, '-m', branch);
    await here.ocrpipe('checkout');
    expect(Object.keys(await dataIn(here))).toEqual(['a', 'b', 'main', 'one', 'sub/c', 'two']);
  });

  it('leaves files that end in .ocr and are no pointers to git', async () => {
    const here = await mergingWorkspace();
    here.write('page.ocr', 'one\ntwo\nthree\nfour\nfive\n');
    await here.commit('text');
    await here.git('checkout', '--quiet', '-b', 'side');
    here.write('page.ocr', 'ONE\ntwo\nthree\nfour\nfive\n');
    await here.commit('first line');
    await here.git('checkout', '--quiet', 'main');
    here.write('page.ocr', 'one\ntwo\nthree\nfour\nFIVE\n');
    await here.commit('last line');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    expect(here.read('page.ocr')).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
  });

  it('is merged as text where ocrpipe was uninstalled, and by resolve once it is back', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'side', 'main');
    await commitData(here, { x: 'new' }, 'side');
    await goTo(here, 'main');
    await commitData(here, { y: 'other' }, 'main');
    const config = here.read('.git/config');
    writeFileSync(here.path('.git/config'), config.replaceAll('/bin/run.js', '/bin/gone.js'));
    const merged = await tryGit(here, 'merge', 'side');
    expect(merged.exitCode).toBe(1);
    expect(here.read('data/raw.ocr')).toMatch(/^<{7} /m);
    expect(await here.json('resolve')).toMatchObject({
      pointers: [{ path: 'data/raw', state: 'merged' }],
      toCommit: ['data/raw.ocr'],
    });
    await here.commit('both');
    await here.ocrpipe('checkout');
    expect(Object.keys(await dataIn(here))).toEqual(['a', 'b', 'sub/c', 'x', 'y']);
  });
});
