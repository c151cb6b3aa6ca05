import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import { runRecordValue } from '../../src/pipeline/records/run-record.js';
import { signatureOf, type StageInputs } from '../../src/pipeline/records/signature.js';
import { Workspace } from '../../src/project/workspace.js';
import { packKey } from '../../src/store/format.js';
import { Trash } from '../../src/store/trash.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';

const READER = fileURLToPath(new URL('format-reader.py', import.meta.url));
const python = spawnSync('python3', ['--version']).status === 0;
if (!python) process.stderr.write('The second reader of stores is not tried: there is no python3.\n');

/** Names that are hard on readers, as bytes. */
const NAMES = [
  'a b',
  "it's",
  '"q"',
  'back\\slash',
  'new\nline',
  '-flag',
  '\xff\xfe',
  'cafe\xcc\x81',
  'caf\xc3\xa9',
  '.ocrignore2',
  '#x',
];

function python3(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('python3', [READER, ...args], {
    encoding: 'utf8',
    // A locale that is set and not installed is nobody's warning here.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return { status, stdout, stderr };
}

function answer(...args: string[]): unknown {
  const { status, stdout, stderr } = python3(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout === '' ? undefined : JSON.parse(stdout);
}

/** Everything that a store holds: many names, few names, none, links, large and empty files, a record, a listing, trash. */
async function writeWorkspace(folder: WorkspaceFolder): Promise<void> {
  folder.init();
  for (let index = 0; index < 2500; index += 1) folder.write(`data/many/img-${index}.png`, String(index));
  for (const name of NAMES) writeFileSync(Buffer.from(folder.path(`data/many/${name}`), 'latin1'), name);
  folder.write('data/large', Buffer.alloc(1_100_000, 'large'));
  folder.write('data/nothing', '');
  mkdirSync(folder.path('data/empty/deep/er'), { recursive: true });
  symlinkSync('../many/img-1.png', folder.path('data/empty/link'));
  folder.write('data/run.sh', '#!/bin/sh\n');
  chmodSync(folder.path('data/run.sh'), 0o755);
  folder.write('tool', 'x');
  chmodSync(folder.path('tool'), 0o755);
  await folder.add('data', 'tool');
  const workspace = Workspace.open(folder.call, 'test');
  const tool = workspace.files.pointer('tool' as RepoPath)!;
  await workspace.files.list('data' as RepoPath);
  const dep = { path: 'tool' as RepoPath, ...tool };
  const inputs: StageInputs = { run: ['true'], wdir: '.' as RepoPath, deps: [dep], params: [], outs: [] };
  workspace.records.put(signatureOf(inputs), runRecordValue(inputs, [dep]));
  const { store } = workspace;
  // The pack with most of the blobs.
  const [pack] = [...store.packs()].sort((a, b) => b.count - a.count);
  expect(new Trash(store.root).condemn(packKey(pack!.packId), Date.now())).toBeDefined();
  workspace.close();
}

describe.runIf(python)(
  'a reader that was written from the page of the store format',
  { timeout: 60_000 },
  () => {
    const removals: (() => void)[] = [];
    let folder!: WorkspaceFolder;
    let store = '';
    beforeAll(async () => {
      folder = new WorkspaceFolder(temporaryFolder((remove) => removals.push(remove)));
      await writeWorkspace(folder);
      store = folder.path('.ocrstore');
    });
    afterAll(() => {
      for (const remove of removals) remove();
    });

    test('takes out exactly what was put in, byte for byte', () => {
      const out = temporaryFolder();
      answer('extract', store, folder.path('data.ocr'), join(out, 'data'));
      expect(listing(join(out, 'data'))).toEqual(listing(folder.path('data')));
      answer('extract', store, folder.path('tool.ocr'), join(out, 'tool'));
      expect(listing(out)).toContain(listing(folder.root).find((line) => line.startsWith('tool x '))!);
    });

    test('lists what a pointer names', () => {
      const rows = answer('list', store, folder.path('data.ocr')) as [
        string,
        string,
        boolean,
        number,
        string,
      ][];
      const paths = rows.map(([path]) => path);
      for (const name of NAMES) expect(paths).toContain(`many/${name}`);
      expect(rows.find(([path]) => path === 'empty/deep/er')?.slice(1, 4)).toEqual(['directory', false, 0]);
      expect(rows.find(([path]) => path === 'empty/link')!.at(-1)).toBe('../many/img-1.png');
      expect(rows.find(([path]) => path === 'run.sh')?.slice(1, 4)).toEqual(['file', true, 10]);
      expect(rows[0]![3]).toBe(
        rows.slice(1).reduce((sum, [, kind, , size]) => sum + (kind === 'file' ? size : 0), 0),
      );
    });

    test('finds every object sound, those in the trash too', () => {
      expect(answer('check', store)).toMatchObject({ large: 1, runs: 1 });
    });

    test('cuts every directory where it is cut, on every level', () => {
      const levels = answer('recut', store, folder.path('data.ocr')) as number[];
      expect(levels.length).toBeGreaterThanOrEqual(2);
      expect(levels[0]).toBeGreaterThan(10);
    });

    test('refuses a damaged object, and a pointer that says something else', () => {
      const workspace = Workspace.open(folder.call, 'test');
      const [{ packId } = { packId: '' }] = workspace.store.packs();
      workspace.close();
      const file = join(store, 'packs', `${packId}.pack`);
      const sound = readFileSync(file);
      const damaged = Buffer.from(sound);
      damaged[40]! ^= 1;
      chmodSync(file, 0o644);
      writeFileSync(file, damaged);
      const { status, stderr } = python3('check', store);
      writeFileSync(file, sound);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining('is damaged') as string,
      });
      folder.write('other.ocr', folder.read('data.ocr').replace(/^files: .*/m, 'files: 1'));
      expect(python3('list', store, folder.path('other.ocr')).stderr).toContain('other totals');
      folder.write('other.ocr', `${folder.read('data.ocr')}more: 1\n`);
      expect(python3('list', store, folder.path('other.ocr')).stderr).toContain('other keys');
    });
  },
);
