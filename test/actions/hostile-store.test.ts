import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { gc } from '../../src/actions/gc.js';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { absPath } from '../../src/base/paths.js';
import { asOcrpipeError } from '../../src/cli/error-report.js';
import type { ByteName } from '../../src/store/byte-name.js';
import {
  PACK_ENTRY_BYTES,
  PACK_HEADER_BYTES,
  PACK_TRAILER_BYTES,
  packIdOf,
} from '../../src/store/pack-format.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import fc, { runs, RUNS } from '../rig/fast-check.js';
import { anyNode, HostileRemote } from '../rig/hostile-remote.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** Far below what lengths claim here, far above what a store of 1 KB takes to read. */
const ROOM_KIB = 128 * 1024;

const LENGTHS = [0, 1, 2, 7, 65_536, 65_537, 2 ** 26, 2 ** 31, 2 ** 32 - 1, 2 ** 47, 2 ** 53];
const NAMES = [
  ...[
    'a',
    'A',
    'b',
    '\xff',
    'e\xcc\x81',
    '\xc3\xa9',
    '..',
    '.',
    '',
    '.git',
    '.GIT',
    '.ocrstore',
    '../x',
    'x/y',
  ],
  ...['/etc/x', 'c\0', 'n'.repeat(1000)],
];
const TARGETS = [
  'a',
  'A',
  'b',
  'c',
  'b/../a',
  '..',
  '../..',
  '../neighbour',
  '/etc',
  'a/../../neighbour',
  'x\0',
  '.',
];

const edits = (most: number) => fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: most });
/** Mostly what is so. */
const lie = fc.oneof(
  { weight: 15, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...LENGTHS) },
);
const hostile = fc.record({
  entries: fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom('file', 'file', 'symlink', 'directory'),
      name: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('a', 'A', 'b', 'c', 'd', 'e') },
        { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
      ),
      target: fc.constantFrom(...TARGETS),
      size: lie,
      id: fc.constantFrom('right', 'right', 'right', 'right', 'other', 'nowhere'),
    }),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name },
  ),
  node: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edits(2) }),
  pack: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edits(2) }),
  count: lie,
  dataLength: lie,
  length: lie,
  pointer: fc.record({
    size: lie,
    files: lie,
    kind: fc.constantFrom(...Array.from({ length: 9 }, () => 'directory'), 'file'),
  }),
  text: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edits(2) }),
});
type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

function edited(bytes: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, value] of changes) copy[at % copy.length] = value;
  return copy;
}

function entriesOf({ entries }: Hostile, store: HostileRemote): TreeEntry[] {
  const blob = store.blob('x');
  const node = store.put('tree', anyNode([fileEntry('f', blob, 1)]));
  const idOf = (which: string, right: ContentId, other: ContentId): ContentId =>
    which === 'right' ? right : which === 'other' ? other : contentIdOf('nobody has this');
  return entries
    .map(({ kind, name, target, size = 1, id }): TreeEntry => {
      if (kind === 'symlink') return { kind, name: name as ByteName, target };
      if (kind === 'file') return fileEntry(name, idOf(id, blob, node), size);
      const counted = { files: size, bytes: size, id: idOf(id, node, blob) };
      return { kind: 'directory', name: name as ByteName, ...counted };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function fileEntry(name: string, id: ContentId, size: number): TreeEntry {
  return { kind: 'file', name: name as ByteName, executable: false, size, id };
}

/** Gives a pack whose header, table or trailer was changed the name that it then has. */
function rewritePack(root: string, { pack, count, dataLength, length }: Hostile): void {
  const [name] = readdirSync(join(root, 'packs')).filter((each) => each.endsWith('.pack'));
  const file = join(root, 'packs', name!);
  const bytes = edited(readFileSync(file), pack);
  const end = bytes.length - PACK_TRAILER_BYTES;
  const objects = bytes.readUInt32LE(end);
  const table = Math.max(PACK_HEADER_BYTES, end - objects * PACK_ENTRY_BYTES);
  if (count !== undefined) bytes.writeUInt32LE(count % 2 ** 32, end);
  if (dataLength !== undefined) bytes.writeBigUInt64LE(BigInt(dataLength), end + 4);
  if (length !== undefined) bytes.writeUIntLE(length % 2 ** 48, table + 34, 6);
  const id = packIdOf(bytes.subarray(0, PACK_HEADER_BYTES), bytes.subarray(table, end), bytes.subarray(end));
  rmSync(file, { force: true });
  writeFileSync(join(root, 'packs', `${id}.pack`), bytes);
}

/** A workspace over a store in which every name fits, so that only what it says can be wrong; and a neighbour of it. */
function victimOf(says: Hostile): WorkspaceFolder {
  const store = new HostileRemote();
  const entries = entriesOf(says, store);
  const root = store.put('tree', edited(anyNode(entries), says.node));
  store.publish();
  rewritePack(store.root, says);
  const home = temporaryFolder();
  const workspace = new WorkspaceFolder(absPath(join(home, 'workspace')));
  mkdirSync(workspace.root);
  workspace.init();
  writeFileSync(join(home, 'neighbour'), 'mine');
  workspace.write('.ocrstore/config.local.yaml', `version: 1\nstore:\n  path: ${store.root}\n`);
  const sum = (claims: readonly number[]): number => claims.reduce((all, each) => all + each, 0);
  const claimed = says.entries.filter(({ kind }) => kind !== 'symlink').map((each) => each.size ?? 1);
  const inFolders = says.entries.map((each) => (each.kind === 'directory' ? (each.size ?? 1) : 1));
  const { size = sum(claimed), files = sum(inFolders), kind } = says.pointer;
  const counted = kind === 'directory' ? `files: ${files}\n` : '';
  const pointer = `version: 1\nid: ${root}\nkind: ${kind}\nsize: ${size}\n${counted}`;
  workspace.write('data.ocr', edited(Buffer.from(pointer), says.text));
  return workspace;
}

/** The codes that commands end with, 'done' for one that does its work. */
async function outcomes(workspace: WorkspaceFolder): Promise<string[]> {
  const usual = { projects: [], forgetWorkspaces: [], allowMissing: true, now: false, dryRun: false };
  const commands = [
    () => workspace.status(),
    () => fsck({}, workspace.call),
    () => workspace.checkout(),
    () => workspace.checkout([], true),
    () => workspace.status(),
    () => fsck({ repair: true }, workspace.call),
    () => gc({ workspace: true, unpushed: true, ...usual }, workspace.call),
  ];
  const codes: string[] = [];
  for (const command of commands) {
    const [settled] = await Promise.allSettled([command()]);
    if (settled.status === 'fulfilled') codes.push('done');
    else codes.push(codeOf(settled.reason));
  }
  return codes;
}

function codeOf(error: unknown): string {
  const { code, message } = asOcrpipeError(error, []);
  return code === 'internal-error' ? message : code;
}

/** Nothing beside the tracked path was touched, and no link in it leads out of it. */
function expectInside(workspace: WorkspaceFolder): void {
  const home = dirname(workspace.root);
  expect(readFileSync(join(home, 'neighbour'), 'utf8')).toBe('mine');
  expect(readdirSync(home).sort()).toEqual(['neighbour', 'workspace']);
  const names = readdirSync(workspace.root).filter((name) => name !== 'data');
  expect(names.sort()).toEqual(['.ocrstore', 'data.ocr']);
  expect(workspace.read('.ocrstore/config.yaml')).toBe('version: 1\n');
  const data = workspace.path('data');
  if (!existsSync(data) || !lstatSync(data).isDirectory()) return;
  for (const line of listing(data)) {
    const [path, target] = line.split(' -> ');
    expect(path).not.toMatch(/(^|\/)\.(git|ocrstore)\b/i);
    if (target === undefined) continue;
    const end = resolve(data, dirname(path!), target);
    expect(`${end}/`.startsWith(`${data}/`)).toBe(true);
  }
}

const KNOWN = /^(done|[a-z]+(-[a-z]+)+)$/;

test(
  'a store that lies is refused by commands with codes of their own, in little memory, and reaches nothing else',
  { timeout: 300_000 * RUNS },
  async () => {
    const before = process.resourceUsage().maxRSS;
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(hostile, async (says) => {
        const workspace = victimOf(says);
        for (const code of await outcomes(workspace)) {
          expect(code).toMatch(KNOWN);
          met.add(code);
        }
        expectInside(workspace);
        rmSync(dirname(workspace.root), { recursive: true });
      }),
      { numRuns: runs(60) },
    );
    for (const code of ['done', 'tree-invalid', 'object-missing']) expect([...met]).toContain(code);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(ROOM_KIB);
  },
);
