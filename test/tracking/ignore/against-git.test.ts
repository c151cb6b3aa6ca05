import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { AbsPath, RepoPath } from '../../../src/base/paths.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { walkTree } from '../../../src/store/tree-reader.js';
import { fsPath, type BytePath } from '../../../src/tracking/byte-path.js';
import { decision } from '../../../src/tracking/ignore/rules-above.js';
import { TrackedFiles } from '../../../src/tracking/tracked-files.js';
import fc, { runs, RUNS } from '../../rig/fast-check.js';
import { gitRepository } from '../../rig/git-repository.js';

/** Names and patterns are bytes, one character each: git's rules know no characters. */
const UMLAUT = '\xc3\xa4';
const NAMES = [
  'a',
  'b',
  'ab',
  'A',
  'a b',
  'x ',
  '!a',
  '#a',
  'a*',
  '[a]',
  'a\\b',
  UMLAUT,
  '\xff',
  '-',
  'a.b',
  'b.tmp',
  'a]b',
  '\t',
];
const PIECES = [
  ...['a', 'b', 'A', '.', '-', ' ', '\t', '!', '#', UMLAUT, '\xff', '.tmp', ']'],
  ...[
    '*',
    '**',
    '***',
    '?',
    '/',
    '/',
    '//',
    '**/',
    '/**',
    '/**/',
    '\\',
    '\\*',
    '\\!',
    '\\#',
    '\\ ',
    '\\\\',
    '\\/',
  ],
  ...[
    '[ab]',
    '[!a]',
    '[^b]',
    '[a-c]',
    '[c-a]',
    '[]a]',
    '[!]a]',
    '[a-]',
    '[-a]',
    '[\\]]',
    '[a\\-c]',
    '[\\a-\\c]',
    '[a',
    '[',
  ],
  ...[
    '[[:alpha:]]',
    '[![:upper:]]',
    '[[:bad:]]',
    '[[:alpha]',
    '[[:space:][:punct:]]',
    '[:alpha:]',
    `[${UMLAUT}]`,
    '[\x80-\xff]',
    '[/]',
    '[!/]',
  ],
];

const name = fc.constantFrom(...NAMES);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const named = fc.tuple(
  fc.constantFrom('', '/', '!', '!/', '**/'),
  path,
  fc.constantFrom('', '/', '*', '/*', '/**'),
);
const made = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 });
const line = fc.oneof(
  named.map((parts) => parts.join('')),
  made.map((pieces) => pieces.join('')),
  fc.constantFrom('', '*', '!*', '!*/', '*/', '**', '/', '# a', ' ', '\\'),
);
const rules = fc
  .tuple(
    fc.constantFrom('', '', '\xef\xbb\xbf'),
    fc.array(line, { minLength: 1, maxLength: 6 }),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([mark, lines, end]) => mark + lines.join(end));
const workspace = fc.record({
  files: fc.array(path, { minLength: 1, maxLength: 14 }),
  rules: fc.array(fc.tuple(fc.nat(), rules), { minLength: 1, maxLength: 3 }),
  others: fc.array(path, { maxLength: 4 }),
});

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const at = (root: string, below: string) => fsPath(join(root, below) as BytePath);

/** Makes the files, as far as one does not stand where another needs a folder; returns their folders. */
function writeFiles(root: string, files: readonly string[]): string[] {
  const folders = new Set(['']);
  for (const file of files) {
    try {
      mkdirSync(at(root, dirname(file)), { recursive: true });
      writeFileSync(at(root, file), '');
    } catch {
      continue;
    }
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  }
  return [...folders];
}

function clear(root: string): void {
  for (const entry of readdirSync(root, 'latin1')) {
    if (entry !== '.git' && entry !== '.ocrstore') rmSync(at(root, entry), { recursive: true });
  }
}

function git(root: string, args: readonly string[], input = ''): string[] {
  try {
    const output = execFileSync('git', args, {
      cwd: root,
      input: bytes(input),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return output.toString('latin1').split('\0').slice(0, -1);
  } catch (error) {
    // 1 says only that nothing is ignored.
    if ((error as { status: number }).status !== 1) throw error;
    return (error as { stdout: Buffer }).stdout.toString('latin1').split('\0').slice(0, -1);
  }
}

async function kept(root: AbsPath): Promise<string[]> {
  const store = LocalStore.open(join(root, '.ocrstore'));
  const files = new TrackedFiles({ root, store, git: false, command: 'test' });
  const { reader, snapshot } = (await files.tree('.' as RepoPath))!;
  const found = [...walkTree({ reader, id: snapshot.id })].filter(({ entry }) => entry.kind !== 'directory');
  store.close();
  return found.map(({ path: below }) => below).sort();
}

/** The deciding line of each path, as `git check-ignore -v` names it. */
function decisions(root: AbsPath, asked: readonly string[], folders: readonly string[]): string[] {
  return asked.map((each) => {
    const found = decision(root, each as BytePath, folders.includes(each));
    if (!found) return ['', '', '', each].join(' | ');
    const { folder, pattern } = found.rule;
    const file = folder === '' ? '.gitignore' : `${folder}/.gitignore`;
    return [file, pattern.line, pattern.text, each].join(' | ');
  });
}

function decisionsOfGit(root: string, asked: readonly string[]): string[] {
  const args = ['check-ignore', '--no-index', '-v', '-n', '-z', '--stdin'];
  const fields = git(root, args, asked.map((each) => `./${each}\0`).join(''));
  return asked.map((each, index) => {
    const [file = '', number, pattern] = fields.slice(4 * index, 4 * index + 4);
    return [file, number, pattern, each].join(' | ');
  });
}

test(
  'leaves out what git leaves out for the same rules, and by the same line',
  { timeout: 120_000 * RUNS },
  async () => {
    const root = gitRepository();
    LocalStore.create(join(root, '.ocrstore')).close();
    await fc.assert(
      fc.asyncProperty(workspace, async ({ files, rules: texts, others }) => {
        clear(root);
        const folders = writeFiles(root, files);
        for (const [index, text] of texts) {
          const folder = folders[index % folders.length]!;
          for (const file of ['.ocrignore', '.gitignore'])
            writeFileSync(at(root, join(folder, file)), bytes(text));
        }
        const listed = git(root, ['ls-files', '-z', '--others', '--exclude-per-directory=.ocrignore']);
        expect(await kept(root)).toEqual(listed.filter((each) => !each.startsWith('.ocrstore/')).sort());
        const asked = [...new Set([...folders, ...files, ...others])].filter((each) => each !== '');
        expect(decisions(root, asked, folders)).toEqual(decisionsOfGit(root, asked));
      }),
      { numRuns: runs(60) },
    );
  },
);

test('takes single patterns as git does', () => {
  const root = gitRepository();
  const pieces = fc.array(fc.oneof(name, fc.constantFrom(...PIECES)), { minLength: 1, maxLength: 7 });
  const pattern = fc.oneof(
    pieces.map((parts) => parts.join('')),
    line,
  );
  const cases = fc.sample(fc.tuple(pattern, fc.array(path, { minLength: 5, maxLength: 10 })), 400);
  const asked = cases.flatMap(([text, paths], index) => {
    mkdirSync(join(root, String(index)));
    for (const file of ['.ocrignore', '.gitignore'])
      writeFileSync(join(root, String(index), file), bytes(text));
    return paths.map((each) => `${index}/${each}`);
  });
  expect(decisions(root, asked, [])).toEqual(decisionsOfGit(root, asked));
});
