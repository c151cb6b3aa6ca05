import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fileListing } from '../rig/file-listing.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

interface Case {
  title: string;
  prepare?: (folder: WorkspaceFolder) => unknown;
  act: (folder: WorkspaceFolder) => Promise<unknown>;
  code: string;
  says?: RegExp;
  hint?: RegExp;
}

const addOf =
  (...paths: string[]) =>
  (folder: WorkspaceFolder) =>
    folder.add(...paths);

const CASES: Case[] = [
  { title: 'a path outside of the workspace', act: addOf('../x'), code: 'path-outside-workspace' },
  { title: 'an absolute path elsewhere', act: addOf('/etc/hostname'), code: 'path-outside-workspace' },
  { title: 'nothing there', act: addOf('nothing'), code: 'no-such-path', says: /nothing/ },
  { title: 'a path below a file', act: addOf('data/a/b'), code: 'no-such-path', hint: /^Check the name/ },
  { title: 'a misspelt path', act: addOf('dtaa'), code: 'no-such-path', hint: /^Did you mean data\?$/ },
  {
    title: 'a tracked path that is gone',
    prepare: async (folder) => {
      await folder.add('data');
      folder.remove('data');
    },
    act: addOf('data'),
    code: 'no-such-path',
    hint: /^'ocrpipe checkout data' or 'ocrpipe pull data' puts it there\.$/,
  },
  { title: 'one good path and one bad', act: addOf('data', 'nothing'), code: 'no-such-path' },
  { title: 'the workspace itself', act: addOf('.'), code: 'path-not-trackable' },
  { title: 'a folder of git', act: addOf('.git/hooks'), code: 'path-not-trackable' },
  { title: 'a folder of ocrpipe', act: addOf('.ocrstore/packs'), code: 'path-not-trackable' },
  {
    title: 'a pointer',
    prepare: addOf('data'),
    act: addOf('data.ocr'),
    code: 'path-not-trackable',
    hint: /ocrpipe add data'/,
  },
  {
    title: 'a pointer that git holds',
    prepare: async (folder) => {
      await folder.add('data');
      gitCommitAll(folder.root, 'all');
    },
    act: addOf('data.ocr'),
    code: 'path-not-trackable',
    hint: /^(?!.*git rm)/,
  },
  ...[
    'pipeline.yaml',
    'Pipeline.yaml',
    'params.yaml',
    'pipeline.lock',
    '.gitignore',
    'data/.gitattributes',
    '.ocrignore',
    'data/sub/.ocrignore',
  ].map((path) => ({
    title: `${path}, which steers ocrpipe or git`,
    prepare: (folder: WorkspaceFolder) => {
      folder.write(path, '');
      gitCommitAll(folder.root, 'all');
    },
    act: addOf(path),
    code: 'path-not-trackable',
    says: /steers/,
    hint: /^Commit it: 'git add [^ ]+'\.$/,
  })),
  {
    title: 'a path that git holds',
    prepare: (folder) => gitCommitAll(folder.root, 'all'),
    act: addOf('data'),
    code: 'path-in-git',
    hint: /'git rm -r --cached data'/,
  },
  {
    title: 'a path inside a tracked one',
    prepare: addOf('data'),
    act: addOf('data/sub'),
    code: 'path-overlaps',
    says: /inside data/,
  },
  {
    title: 'a path around a tracked one',
    prepare: addOf('data/sub'),
    act: addOf('data'),
    code: 'path-overlaps',
    says: /around data\/sub/,
  },
  { title: 'a path and its parent at once', act: addOf('data', 'data/sub'), code: 'path-overlaps' },
  {
    title: 'the output of a stage',
    prepare: (folder) => {
      folder.write('pipeline.yaml', 'stages:\n  train: {run: "true", outs: [data/sub]}\n');
    },
    act: addOf('data/sub'),
    code: 'stage-output',
    says: /'train'/,
  },
  {
    title: 'the parent of an output',
    prepare: (folder) => {
      folder.write('pipeline.yaml', 'stages:\n  train: {run: "true", outs: [data/sub]}\n');
    },
    act: addOf('data'),
    code: 'stage-output',
  },
  {
    title: 'a symbolic link',
    prepare: (folder) => {
      symlinkSync('data', folder.path('link'));
    },
    act: addOf('link'),
    code: 'path-through-link',
  },
  {
    title: 'a path behind a link',
    prepare: (folder) => {
      symlinkSync('data', folder.path('link'));
    },
    act: addOf('link/a'),
    code: 'path-through-link',
  },
  {
    title: 'a link that leaves the folder',
    prepare: (folder) => {
      symlinkSync('/etc/hostname', folder.path('data/link'));
    },
    act: addOf('data'),
    code: 'link-outside',
    says: /data\/link/,
  },
  {
    title: 'a path that .ocrignore leaves out',
    prepare: (folder) => {
      folder.write('.ocrignore', 'data\n');
    },
    act: addOf('data'),
    code: 'path-ignored',
  },
  {
    title: 'a pointer that git would ignore',
    prepare: (folder) => {
      folder.write('.gitignore', '*.ocr\n');
    },
    act: addOf('data'),
    code: 'pointer-ignored',
    hint: /git check-ignore -v data\.ocr/,
  },
  {
    title: 'a broken pointer, on checkout of everything',
    prepare: async (folder) => {
      await folder.add('data');
      folder.write('zz.ocr', 'version: 7\n');
    },
    act: (folder) => folder.checkout(),
    code: 'broken-pointer',
  },
  {
    title: 'checkout over edits',
    prepare: async (folder) => {
      await folder.add('data');
      folder.write('data/a', 'edited');
    },
    act: (folder) => folder.checkout(),
    code: 'would-undo-edits',
    hint: /ocrpipe commit data/,
  },
  {
    title: 'checkout of what is not tracked',
    prepare: addOf('data'),
    act: (folder) => folder.checkout(['dta']),
    code: 'not-tracked',
    hint: /Did you mean 'data'/,
  },
  {
    title: 'checkout of a file in a tracked folder',
    prepare: addOf('data'),
    act: (folder) => folder.checkout(['data/a']),
    code: 'not-tracked',
    hint: /Name data/,
  },
  {
    title: 'commit of what is not tracked',
    prepare: addOf('data'),
    act: (folder) => folder.commit('nothing'),
    code: 'not-tracked',
  },
  {
    title: 'commit of a stage that there is not',
    prepare: async (folder) => {
      await folder.add('data');
      folder.write('pipeline.yaml', 'stages: {count: {run: x, outs: [reports/lines]}}');
    },
    act: (folder) => folder.commit('nosuch'),
    code: 'not-tracked',
    hint: /Known here: count, data, reports\/lines\./,
  },
  {
    title: 'commit where edits and pointer both changed',
    prepare: async (folder) => {
      await folder.add('data');
      const first = folder.read('data.ocr');
      folder.write('data/a', 'second');
      await folder.add('data');
      folder.write('data.ocr', first);
      folder.write('data/a', 'third');
    },
    act: (folder) => folder.commit(),
    code: 'changed-on-both-sides',
    hint: /ocrpipe commit data.*ocrpipe checkout --force data/,
  },
  {
    title: 'a commit that git does not know',
    act: (folder) => folder.diff('nosuch'),
    code: 'unknown-revision',
  },
  {
    title: 'a workspace inside a workspace',
    act: (folder) => Promise.resolve().then(() => new WorkspaceFolder(`${folder.root}/data` as never).init()),
    code: 'workspace-in-workspace',
  },
];

describe('bad input', () => {
  test.each(CASES)(
    '$title: exit code 2, a hint, and nothing changed',
    async ({ prepare, act, code, says, hint }) => {
      const folder = new WorkspaceFolder(gitRepository());
      folder.init(true);
      folder.write('data/a', 'a');
      folder.write('data/sub/b', 'b');
      await prepare?.(folder);
      const before = fileListing(folder.root);
      const index = git(folder.root, 'status', '--porcelain', '--ignored');
      const error = await act(folder).then(
        () => undefined,
        (thrown: unknown) => thrown as { message: string; hint?: string },
      );
      expect(error).toMatchObject({ code, exitCode: 2 });
      expect(error?.message).toMatch(says ?? /./);
      expect(error?.hint).toMatch(hint ?? /./);
      expect(fileListing(folder.root)).toEqual(before);
      expect(git(folder.root, 'status', '--porcelain', '--ignored')).toBe(index);
    },
  );

  test.each(['.gitignore', 'data/.gitignore'])(
    'a FIFO as %s is refused, for git would wait',
    async (name) => {
      const folder = new WorkspaceFolder(gitRepository());
      folder.init(true);
      folder.write('data/sub/a', 'a');
      execFileSync('mkfifo', [folder.path(name)]);
      await expect(folder.add('data/sub')).rejects.toMatchObject({ code: 'not-a-file', exitCode: 2 });
      expect(existsSync(folder.path('data/sub.ocr'))).toBe(false);
    },
  );

  test('outside of any workspace every command says how to begin', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    const refused = {
      code: 'not-a-workspace',
      exitCode: 2,
      hint: expect.stringContaining('ocrpipe init') as string,
    };
    await expect(folder.add('x')).rejects.toMatchObject(refused);
    await expect(folder.status()).rejects.toMatchObject(refused);
    await expect(folder.checkout()).rejects.toMatchObject(refused);
    await expect(folder.commit()).rejects.toMatchObject(refused);
    await expect(folder.diff()).rejects.toMatchObject(refused);
    expect(() => folder.init(true)).toThrow(expect.objectContaining({ code: 'not-in-git', exitCode: 2 }));
    expect(fileListing(folder.root)).toEqual([]);
  });
});
