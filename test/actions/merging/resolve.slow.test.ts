import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../../rig/ocrpipe.js';
import { newWorkspace, type TestWorkspace } from '../../rig/workspace.js';
import { commitData, dataIn, goTo, mergingWorkspace, tryGit } from './merging-workspace.js';

/** `main` and `side` both changed `a`, and deleted or changed `b`; each added a file. */
async function inConflict(): Promise<TestWorkspace> {
  const here = await mergingWorkspace();
  await goTo(here, 'side', 'main');
  await commitData(here, { a: 'theirs', b: undefined, x: 'new' }, 'Their plates');
  await goTo(here, 'main');
  await commitData(here, { a: 'ours', b: 'ours', y: 'other' }, 'Our plates');
  return here;
}

interface Shown {
  pointers: { path: string; state: string; files: string[] }[];
  merge: { kind: string; ours: { words: string }; theirs: { words: string } };
}

async function shown(here: TestWorkspace, ...args: string[]): Promise<Shown> {
  const result = await here.run(['resolve', ...args, '--json']);
  return JSON.parse(result.stdout) as Shown;
}

/** What stands behind markers: git tells merge drivers its own words since 2.44. */
async function labels(here: TestWorkspace): Promise<{ ours: string; theirs: string }> {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(await here.git('--version')) ?? [];
  const tells = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 44);
  return tells ? { ours: 'HEAD', theirs: 'side' } : { ours: 'ours', theirs: 'theirs' };
}

describe('ocrpipe resolve', () => {
  it('shows the files in conflict and the commits, in the pointer too, and each other command names it', async () => {
    const here = await inConflict();
    const merge = await tryGit(here, 'merge', 'side');
    expect(merge.stderr).toContain("'ocrpipe resolve' shows what both sides changed");
    const text = here.read('data/raw.ocr');
    expect(text).toContain('#   a: changed in both\n');
    expect(text).toContain('#   b: changed in ours, deleted in theirs\n');
    const { ours, theirs } = await labels(here);
    expect(text).toMatch(
      new RegExp(`<{7} ${ours}\\nid: \\w{64}\\n.*={7}\\nid: \\w{64}\\n.*>{7} ${theirs}\\n$`, 's'),
    );
    const { pointers, merge: doing } = await shown(here);
    expect(pointers).toMatchObject([{ path: 'data/raw', state: 'open', reason: 'entries' }]);
    expect(doing.kind).toBe('merge');
    expect(doing.ours.words).toMatch(/^your branch main \([0-9a-f]+ Our plates\)$/);
    expect(doing.theirs.words).toMatch(/^the branch side \([0-9a-f]+ Their plates\)$/);
    for (const command of ['status', 'checkout', 'push', 'fetch']) {
      const { stdout, stderr, exitCode } = await here.run([command]);
      expect(`${command} ${exitCode}`).toBe(`${command} 2`);
      expect(`${command}: ${stdout}${stderr}`).toContain("'ocrpipe resolve data/raw");
    }
    expect(here.read('data/raw.ocr')).toBe(text);
  });

  it('has the words of git in its markers, where git tells them to a merge driver', async () => {
    const here = await inConflict();
    const version = async (name: string, revision: string) => {
      here.write(name, `${await here.git('show', `${revision}:data/raw.ocr`)}\n`);
      return name;
    };
    const files = [await version('O', 'main~1'), await version('A', 'main'), await version('B', 'side')];
    const drive = (...words: string[]) => {
      const args = [OCRPIPE_SCRIPT, 'git-merge', 'pointer', ...files, 'data/raw.ocr', ...words];
      return runProcess(process.execPath, args, { cwd: here.root, env: here.env });
    };
    const told = ['HEAD', "1a2b3c4 (the plates' side)"];
    const { exitCode } = await drive(...told);
    expect(exitCode).toBe(1);
    const marks = here
      .read('A')
      .split('\n')
      .filter((line) => /^[<>]{7}/.test(line));
    expect(marks).toEqual(['<<<<<<< HEAD', ">>>>>>> 1a2b3c4 (the plates' side)"]);
    expect((await drive('%X', '%Y')).exitCode).toBe(1);
  });

  it('takes one side for one file and the other for another, and has merged the rest', async () => {
    const here = await inConflict();
    await tryGit(here, 'merge', 'side');
    expect((await here.run(['resolve', 'data/raw/a', '--theirs'])).exitCode).toBe(2);
    expect((await shown(here)).pointers).toMatchObject([
      { files: ['b: changed in ours, deleted in theirs'] },
    ]);
    const done = await here.ocrpipe('resolve', 'data/raw/b', '--ours');
    expect(done).toContain('To commit: git add data/raw.ocr');
    await here.commit('both');
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toEqual({ a: 'theirs', b: 'ours', 'sub/c': '3', x: 'new', y: 'other' });
  });

  it('keeps all that either side has with --union', async () => {
    const here = await inConflict();
    await tryGit(here, 'merge', 'side');
    await here.ocrpipe('resolve', '--union');
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toEqual({
      ...{ a: 'ours', 'a~theirs': 'theirs', b: 'ours' },
      ...{ 'sub/c': '3', x: 'new', y: 'other' },
    });
  });

  it('says in words of commits which side is which in a rebase and in a cherry-pick', async () => {
    const here = await inConflict();
    expect((await tryGit(here, 'rebase', 'side')).exitCode).toBe(1);
    const rebase = (await shown(here)).merge;
    expect(rebase.kind).toBe('rebase');
    expect(rebase.ours.words).toMatch(/^what you rebase onto \([0-9a-f]+ Their plates\)$/);
    expect(rebase.theirs.words).toMatch(/^your own commit \([0-9a-f]+ Our plates\)$/);
    await here.ocrpipe('resolve', '--theirs');
    await here.git('add', 'data/raw.ocr');
    await here.git('-c', 'core.editor=true', 'rebase', '--continue');
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toMatchObject({ a: 'ours', b: 'ours', x: 'new', y: 'other' });
    await goTo(here, 'again', 'side');
    await commitData(here, { a: 'third' }, 'Third');
    expect((await tryGit(here, 'cherry-pick', 'main')).exitCode).toBe(1);
    const pick = (await shown(here)).merge;
    expect([pick.kind, pick.theirs.words]).toEqual([
      'cherry-pick',
      expect.stringContaining('the commit that is picked'),
    ]);
  });

  it('tells of a pointer that one side deleted and the other changed, and how git settles that', async () => {
    const here = await mergingWorkspace();
    await goTo(here, 'side', 'main');
    await here.ocrpipe('rm', 'data/raw');
    await here.commit('gone');
    await goTo(here, 'main');
    await commitData(here, { y: 'other' }, 'more');
    expect((await tryGit(here, 'merge', 'side')).exitCode).toBe(1);
    const { stdout, exitCode } = await here.run(['resolve']);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(
      "data/raw: deleted in theirs, changed in the other; 'git rm data/raw.ocr' lets it go",
    );
  });

  it('is said to be brought back where `add` takes what stands there instead', async () => {
    const here = await inConflict();
    await tryGit(here, 'merge', 'side');
    const { stderr } = await here.run(['add', 'data/raw']);
    expect(stderr).toContain("'git checkout --merge -- data/raw.ocr' brings the conflict back");
    await here.git('checkout', '--merge', '--', 'data/raw.ocr');
    expect((await shown(here)).pointers).toMatchObject([
      { state: 'open', files: [{}, {}].map(() => expect.any(String) as string) },
    ]);
  });

  it('refuses what is in no conflict, by name', async () => {
    const here = await inConflict();
    expect(await here.ocrpipe('resolve')).toBe('Nothing of ocrpipe is in conflict.\n');
    await tryGit(here, 'merge', 'side');
    for (const target of ['data/rwa', 'data/raw/sub/c']) {
      const { stderr, exitCode } = await here.run(['resolve', target, '--ours']);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('[nothing-unmerged]');
    }
  });

  it('works on the markers alone, where there is no git', async () => {
    const here = await inConflict();
    await tryGit(here, 'merge', 'side');
    const pointer = here.read('data/raw.ocr');
    here.remove('.git');
    here.write('data/raw.ocr', pointer);
    await here.ocrpipe('resolve', '--theirs');
    await here.ocrpipe('checkout');
    expect(await dataIn(here)).toEqual({ a: 'theirs', 'sub/c': '3', x: 'new', y: 'other' });
  });
});

const PIPELINE = `stages:
  count:
    run: cat in.txt p.txt > out.txt && wc -c < out.txt > size.json
    deps: [in.txt, p.txt]
    outs: [out.txt]
    metrics: [size.json]
  other:
    run: cp q.txt copy.txt
    deps: [q.txt]
    outs: [copy.txt]
`;

/** A pipeline of two stages that ran on `main`. */
async function pipelineWorkspace(): Promise<TestWorkspace> {
  const here = await newWorkspace();
  await here.ocrpipe('install');
  here.write('pipeline.yaml', PIPELINE);
  for (const name of ['in.txt', 'p.txt', 'q.txt']) here.write(name, name);
  await here.ocrpipe('repro');
  await here.commit('base');
  return here;
}

async function rerun(here: TestWorkspace, name: string, text: string): Promise<void> {
  here.write(name, text);
  await here.ocrpipe('repro');
  await here.commit(`${name}: ${text}`);
}

describe('pipeline.lock in a merge', () => {
  it('merges by itself where each branch ran another stage', async () => {
    const here = await pipelineWorkspace();
    await goTo(here, 'side', 'main');
    await rerun(here, 'q.txt', 'side');
    await goTo(here, 'main');
    await rerun(here, 'in.txt', 'main');
    await here.git('merge', '--quiet', 'side', '-m', 'both');
    await here.ocrpipe('checkout');
    expect(await here.json('repro')).toMatchObject({
      stages: [
        { name: 'count', action: 'fresh' },
        { name: 'other', action: 'fresh' },
      ],
    });
    expect([here.read('out.txt'), here.read('copy.txt')]).toEqual(['mainp.txt', 'side']);
  });

  it('is in conflict for a stage that both ran, which is chosen with all that it made and then made anew', async () => {
    const here = await pipelineWorkspace();
    await goTo(here, 'side', 'main');
    await rerun(here, 'in.txt', 'a longer text of the side');
    await goTo(here, 'main');
    await rerun(here, 'p.txt', 'main');
    const merge = await tryGit(here, 'merge', 'side');
    expect(merge.stderr).toContain("pipeline.lock: both sides ran stage 'count'");
    const { ours, theirs } = await labels(here);
    expect(here.read('pipeline.lock')).toMatch(
      new RegExp(`<{7} ${ours}\\n {2}count:\\n.*={7}\\n {2}count:\\n.*>{7} ${theirs}\\n {2}other:`, 's'),
    );
    for (const command of ['repro', 'status', 'why count', 'push']) {
      const { stdout, stderr, exitCode } = await here.run(command.split(' '));
      expect(`${command} ${exitCode}`).toBe(`${command} 2`);
      expect(stdout + stderr).toContain('ocrpipe resolve');
    }
    expect((await here.run(['resolve'])).stdout).toContain('stage count: both sides ran it');
    const chosen = await here.ocrpipe('resolve', 'count', '--theirs');
    expect(chosen).toContain('out.txt: chosen');
    expect(chosen).toContain('To commit: git add out.txt.ocr pipeline.lock size.json');
    expect(here.read('size.json').trim()).toBe('30');
    await here.git('add', 'out.txt.ocr', 'pipeline.lock', 'size.json');
    await here.ocrpipe('checkout');
    expect(here.read('out.txt')).toBe('a longer text of the sidep.txt');
    // Neither side ran it on what the merge made of its inputs.
    expect(await here.json('repro')).toMatchObject({
      stages: [{ name: 'count', action: 'ran' }, { action: 'fresh' }],
    });
    expect(here.read('out.txt')).toBe('a longer text of the sidemain');
  });
});
