import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import { SPACE_MARK } from '../../src/base/process-space.js';
import { Workspace } from '../../src/project/workspace.js';
import { fileListing } from '../rig/file-listing.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { WorkspaceFolder } from './workspace-folder.js';

const PIPELINE = `stages:
  train:
    run: echo
    deps: [data/raw/a, data/labels.json]
    outs: [models/plate]
`;

/** Paths, and what is said of them: code and hint. */
const UNTRACKED: [string, string, string][] = [
  [
    'data/raw/a',
    'not-tracked',
    "Delete it with 'rm data/raw/a', then record that with 'ocrpipe add data/raw'.",
  ],
  ['data/README', 'not-tracked', "Git holds it: 'git rm data/README'."],
  ['data/rew', 'not-tracked', "Did you mean 'data/raw'?"],
  ['../x', 'path-outside-workspace', 'Give a path inside the workspace.'],
  ['', 'path-empty', "Look at the variable or the quotes that it comes from; '.' is the current folder."],
];

/** Words of a command line, and why it is refused: code and part of the message. */
const REFUSED: [string[], string, string][] = [
  [['data/raw', 'data/README'], 'path-exists', 'something is there'],
  [['data/labels.json', 'data/raw'], 'path-overlaps', 'would be inside data/raw'],
  [['data/raw', 'data/raw'], 'path-overlaps', 'would be inside data/raw'],
  [['data/labels.json', 'data/labels.json'], 'path-exists', 'that is where it is'],
  [['data/raw', 'no/folder/raw'], 'no-such-folder', 'there is no folder no/folder'],
  [['data/raw', 'data/README/raw'], 'no-such-folder', 'there is no folder data/README'],
  [['data/raw', 'data/README/deep/raw'], 'no-such-folder', 'there is no folder data/README/deep'],
  [['data/raw', 'data/new/'], 'no-such-folder', 'there is no folder data/new'],
  [['data/raw', 'data/labels.json', 'data/new'], 'no-such-folder', 'there is no folder data/new'],
  [['data/raw', '.ocrstore/raw'], 'path-not-trackable', 'is inside .ocrstore, which belongs to ocrpipe'],
  [['data/labels.json', 'data/.gitignore'], 'path-not-trackable', 'steers git'],
  [['data/raw', '../raw'], 'path-outside-workspace', 'outside the workspace'],
  [['data/raw/a', 'data/a'], 'not-tracked', 'belongs to data/raw'],
  [['data', 'all'], 'folder-not-recursive', 'only what is tracked in it'],
  [['.', 'all'], 'folder-not-recursive', 'only what is tracked in it'],
  [['data/raw', 'gone'], 'path-in-git', 'git holds gone'],
  [['data/raw', 'data/x.tmp'], 'path-ignored', 'left out by .ocrignore'],
  [['data/raw', 'link/raw'], 'path-through-link', 'link is a symbolic link'],
  [['data/raw', 'models/plate'], 'stage-output', "the output models/plate of stage 'train'"],
  [['models/plate', 'models/x'], 'stage-output', "the output models/plate of stage 'train'"],
];

/** `data/raw` and `data/labels.json` tracked, with everything in git. */
async function tracked(): Promise<WorkspaceFolder> {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  folder.write('data/raw/a', 'a');
  folder.write('data/raw/b/c', 'c');
  folder.write('data/labels.json', '{}');
  folder.write('data/README', 'in git');
  await folder.add('data/raw', 'data/labels.json');
  gitCommitAll(folder.root, 'one');
  return folder;
}

function changes(folder: WorkspaceFolder): string[] {
  return git(folder.root, 'status', '--porcelain').split('\n').filter(Boolean).sort();
}

function trackedPaths(folder: WorkspaceFolder): string[] {
  const workspace = Workspace.open(folder.call, 'test');
  const paths = workspace.files.trackedPaths();
  workspace.close();
  return paths;
}

describe('rm', () => {
  test('removes pointer and ignore entry, leaves the files, and says what git should be told', async () => {
    const folder = await tracked();
    const { removed, toCommit } = await folder.rm(['data/raw/']);
    expect(removed).toEqual([{ path: 'data/raw', files: 'kept' }]);
    expect(toCommit).toEqual(['data/.gitignore', 'data/raw.ocr']);
    expect(changes(folder)).toEqual([' D data/raw.ocr', ' M data/.gitignore', '?? data/raw/']);
    expect(folder.read('data/raw/b/c')).toBe('c');
    expect(Workspace.open(folder.call, 'test').files.remembered('data/raw' as RepoPath)).toEqual({});
    git(folder.root, 'add', ...toCommit);
    expect(changes(folder)).toEqual(['?? data/raw/', 'D  data/raw.ocr', 'M  data/.gitignore']);
  });

  test('takes a pointer for what it points to, from a folder below too, and each path once', async () => {
    const folder = await tracked();
    const { removed, toCommit } = await folder.rm(['raw', 'raw.ocr', 'labels.json.ocr'], { from: 'data' });
    expect(removed.map(({ path }) => path)).toEqual(['data/raw', 'data/labels.json']);
    expect(toCommit).toEqual(['.gitignore', 'labels.json.ocr', 'raw.ocr']);
  });

  test('leaves no ignore file behind that git never had', async () => {
    const folder = await tracked();
    folder.write('new/x', 'x');
    await folder.add('new/x');
    await folder.rm(['new/x']);
    expect(existsSync(folder.path('new/.gitignore'))).toBe(false);
    await folder.rm(['data/raw', 'data/labels.json']);
    expect(folder.read('data/.gitignore')).toBe('');
  });

  test('deletes the files only when asked to, and what is ignored stays', async () => {
    const folder = await tracked();
    folder.write('.ocrignore', '*.tmp\n');
    folder.write('data/raw/b/x.tmp', 'ignored');
    const { removed } = await folder.rm(['data/raw', 'data/labels.json'], { deleteFiles: true });
    expect(removed.map(({ files }) => files)).toEqual(['partly-deleted', 'deleted']);
    expect(fileListing(folder.path('data')).map((line) => line.split(' ')[0])).toEqual([
      '.gitignore',
      'README',
      'raw/b/x.tmp',
    ]);
    git(folder.root, 'checkout', '--', '.');
    await folder.checkout();
    expect(folder.read('data/raw/b/c')).toBe('c');
    expect(folder.read('data/labels.json')).toBe('{}');
  });

  test('deletes what a killed command left in it, too, as a checkout does that removes a folder', async () => {
    const folder = await tracked();
    const left = `.ocrpipe-tmp-2z60w-${SPACE_MARK}00000000-c`;
    const pointer = folder.read('data/raw.ocr');
    folder.remove('data/raw/b');
    await folder.add('data/raw');
    const without = folder.read('data/raw.ocr');
    folder.write('data/raw.ocr', pointer);
    await folder.checkout();
    folder.write('data/raw.ocr', without);
    folder.write(`data/raw/b/${left}`, 'half of c');
    await folder.checkout();
    expect(await folder.state('data/raw')).toBe('clean');
    folder.write(`data/raw/${left}`, 'half of a');
    expect((await folder.rm(['data/raw'], { deleteFiles: true })).removed).toMatchObject([
      { files: 'deleted' },
    ]);
    expect(existsSync(folder.path('data/raw'))).toBe(false);
  });

  test('deletes no edit that is not in the store, unless forced', async () => {
    const folder = await tracked();
    folder.write('data/raw/a', 'edited');
    const before = fileListing(folder.path('data'));
    await expect(folder.rm(['data/raw'], { deleteFiles: true })).rejects.toMatchObject({
      code: 'would-lose-bytes',
      message: 'data/raw/a is not in the store as it stands here: deleting would lose that',
      hint: "Store the edits first with 'ocrpipe commit data/raw', or lose them with 'ocrpipe rm --delete --force data/raw'.",
    });
    expect(fileListing(folder.path('data'))).toEqual(before);
    await folder.rm(['data/raw'], { deleteFiles: true, force: true });
    expect(existsSync(folder.path('data/raw'))).toBe(false);
  });

  test('a path of which nothing is here, and one whose pointer is broken, can be removed', async () => {
    const folder = await tracked();
    folder.remove('data/raw');
    folder.write('data/labels.json.ocr', 'version: 1\nid: broken\n');
    await folder.rm(['data/raw', 'data/labels.json'], { deleteFiles: true });
    expect(trackedPaths(folder)).toEqual([]);
    expect(existsSync(folder.path('data/labels.json'))).toBe(false);
  });

  test('a folder stands for what is tracked in it only if that is asked for', async () => {
    const folder = await tracked();
    await expect(folder.rm(['data'])).rejects.toMatchObject({
      code: 'folder-not-recursive',
      hint: "To stop tracking all of it: 'ocrpipe rm --recursive data'.",
    });
    for (const [path, from] of [
      ['.', '.'],
      ['..', 'data'],
      [folder.root, 'data'],
    ] as const) {
      await expect(folder.rm([path], { from, deleteFiles: true }), path).rejects.toMatchObject({
        code: 'folder-not-recursive',
      });
    }
    const { removed } = await folder.rm(['data'], { recursive: true });
    expect(removed).toHaveLength(2);
  });

  test('says of what is not tracked what to do instead, and changes nothing', async () => {
    const folder = await tracked();
    const before = fileListing(folder.root);
    for (const [path, code, hint] of UNTRACKED) {
      await expect(folder.rm(['data/labels.json', path]), path).rejects.toMatchObject({ code, hint });
    }
    expect(fileListing(folder.root)).toEqual(before);
  });

  test('refuses the output of a stage, and names the stages that read what it removes', async () => {
    const folder = await tracked();
    folder.write('pipeline.yaml', PIPELINE);
    for (const path of ['models/plate', 'models']) {
      await expect(folder.rm([path])).rejects.toMatchObject({
        code: 'stage-output',
        hint: expect.stringContaining("change 'outs' of 'train' in pipeline.yaml") as string,
      });
    }
    const { readers } = await folder.rm(['data/raw']);
    expect(readers).toEqual([
      { stage: 'train', path: 'data/raw/a', location: { file: 'pipeline.yaml', line: 4, column: 12 } },
    ]);
  });
});

describe('mv', () => {
  test('moves data, pointer and ignore entry, and git sees a rename of the pointer', async () => {
    const folder = await tracked();
    const pointer = folder.read('data/raw.ocr');
    const { moved, toCommit } = await folder.mv('data/raw', 'data/scans');
    expect(moved).toEqual([{ from: 'data/raw', to: 'data/scans' }]);
    expect(folder.read('data/scans.ocr')).toBe(pointer);
    expect(folder.read('data/scans/b/c')).toBe('c');
    expect(folder.read('data/.gitignore').split('\n').sort()).toEqual(['', '/labels.json', '/scans']);
    git(folder.root, 'add', ...toCommit);
    expect(changes(folder)).toEqual(['M  data/.gitignore', 'R  data/raw.ocr -> data/scans.ocr']);
    gitCommitAll(folder.root, 'moved');
    expect(await folder.status()).toMatchObject({
      tracked: [{ state: 'clean' }, { state: 'clean' }],
      notes: [],
    });
  });

  test('moves several into a folder that is there, by their pointers too', async () => {
    const folder = await tracked();
    mkdirSync(folder.path('archive'));
    const { moved } = await folder.mv('data/raw.ocr', 'data/labels.json', 'archive/');
    expect(moved.map(({ to }) => to)).toEqual(['archive/raw', 'archive/labels.json']);
    expect(folder.read('archive/.gitignore')).toBe('/raw\n/labels.json\n');
    await folder.mv('archive/raw.ocr', 'data/back.ocr');
    expect(folder.read('data/back/a')).toBe('a');
  });

  test('keeps what is remembered: an edit stays an edit, and nothing that did not change is read again', async () => {
    const folder = await tracked();
    const old = new Date(Date.now() - 60_000);
    for (const name of ['a', 'b/c']) utimesSync(folder.path(`data/raw/${name}`), old, old);
    await folder.mv('data/raw', 'data/one');
    folder.write('data/one/a', 'edited');
    await folder.mv('data/one', 'data/two');
    expect(await folder.state('data/two')).toBe('modified');
    await expect(folder.checkout(['data/two'])).rejects.toMatchObject({ code: 'would-undo-edits' });
    await folder.checkout(['data/two'], true);
    expect(folder.read('data/two/a')).toBe('a');
  });

  test('moves a pointer of which nothing is here', async () => {
    const folder = await tracked();
    folder.remove('data/raw');
    mkdirSync(folder.path('archive'));
    await folder.mv('data/raw', 'archive');
    await folder.checkout();
    expect(folder.read('archive/raw/a')).toBe('a');
  });

  test('follows files that were moved by hand, if they are these files', async () => {
    const folder = await tracked();
    renameSync(folder.path('data/raw'), folder.path('data/scans'));
    renameSync(folder.path('data/labels.json'), folder.path('data/l.json'));
    await folder.mv('data/raw', 'data/scans');
    await folder.mv('data/labels.json', 'data/l.json');
    expect(trackedPaths(folder)).toEqual(['data/l.json', 'data/scans']);
    expect(folder.read('data/scans/a')).toBe('a');
    folder.remove('data/l.json');
    folder.write('data/other', 'something else');
    await expect(folder.mv('data/l.json', 'data/other')).rejects.toMatchObject({ code: 'path-exists' });
  });

  test('refuses what is in the way or not allowed, and changes nothing', async () => {
    const folder = await tracked();
    folder.write('gone', 'was in git');
    folder.write('.ocrignore', '*.tmp\n');
    folder.write('pipeline.yaml', PIPELINE);
    mkdirSync(folder.path('models'));
    gitCommitAll(folder.root, 'two');
    folder.remove('gone');
    symlinkSync('data', folder.path('link'));
    const before = fileListing(folder.root);
    for (const [paths, code, message] of REFUSED) {
      await expect(folder.mv(...paths), paths.join(' ')).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message) as string,
      });
    }
    expect(fileListing(folder.root)).toEqual(before);
  });

  test('names the lines of pipeline.yaml that have to follow', async () => {
    const folder = await tracked();
    folder.write('pipeline.yaml', PIPELINE);
    const { readers } = await folder.mv('data/raw', 'data/scans');
    expect(readers).toEqual([
      {
        stage: 'train',
        path: 'data/raw/a',
        now: 'data/scans/a',
        location: { file: 'pipeline.yaml', line: 4, column: 12 },
      },
    ]);
  });

  test('says so where ignore rules leave out other files at the new place', async () => {
    const folder = await tracked();
    folder.write('data/.ocrignore', 'raw/a\n');
    const { otherwiseIgnored } = await folder.mv('data/raw', 'data/scans');
    expect(otherwiseIgnored).toEqual(['data/scans']);
    expect((await folder.mv('data/labels.json', 'data/l.json')).otherwiseIgnored).toEqual([]);
  });

  test('without git, only data and pointer move', async () => {
    const folder = new WorkspaceFolder(gitRepository());
    folder.remove('.git');
    folder.init();
    writeFileSync(folder.path('a'), 'a');
    await folder.add('a');
    expect(await folder.mv('a', 'b')).toMatchObject({ git: false, toCommit: [] });
    expect(readFileSync(join(folder.root, 'b'), 'utf8')).toBe('a');
    expect(existsSync(folder.path('.gitignore'))).toBe(false);
  });
});
