import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { absPath } from '../../src/base/paths.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { decodeCatalog, type Catalog } from '../../src/remote/catalog/catalog.js';
import type { ByteName } from '../../src/store/byte-name.js';
import { objectKey } from '../../src/store/format.js';
import { PackTable } from '../../src/store/pack-format.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import fc, { runs } from '../rig/fast-check.js';
import { HostileRemote } from '../rig/hostile-remote.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** A workspace with a remote and neighbours that nobody may touch. */
class Victim {
  readonly home = temporaryFolder();
  readonly workspace = new WorkspaceFolder(absPath(join(this.home, 'workspace')));
  #before: string[] = [];

  init(remote: HostileRemote): this {
    mkdirSync(this.workspace.root);
    this.workspace.init();
    writeFileSync(join(this.home, 'neighbour'), 'mine');
    mkdirSync(join(this.home, 'folder'));
    writeFileSync(join(this.home, 'folder/b'), 'mine too');
    this.workspace.write(
      '.ocrstore/config.yaml',
      `version: 1\nremotes:\n  r:\n    url: ${remote.root}\ndefault: r\n`,
    );
    this.#before = this.#outside();
    return this;
  }

  point(id: ContentId, says: { files: number; size: number } | { size: number }): void {
    const kind =
      'files' in says ? `directory\nsize: ${says.size}\nfiles: ${says.files}` : `file\nsize: ${says.size}`;
    this.workspace.write('data.ocr', `version: 1\nid: ${id}\nkind: ${kind}\n`);
  }

  pull(force = false): Promise<unknown> {
    return pull({ targets: [], jobs: 4, force }, this.workspace.call);
  }

  /** Every command that reads trees, and the code that each ends with. */
  async codes(): Promise<string[]> {
    const codes: string[] = [];
    for (const command of [
      () => this.pull(),
      () => this.pull(true),
      () => this.workspace.checkout([], true),
      () => this.workspace.status(),
      () => push({ targets: [], jobs: 4, verify: false }, this.workspace.call),
    ]) {
      const code = await command().then(
        () => 'done',
        (error: unknown) => (error instanceof OcrpipeError ? error.code : String(error)),
      );
      codes.push(code);
    }
    return codes;
  }

  /** Nothing beside the workspace changed, and nothing half-made is left in it. */
  expectUntouched(): void {
    expect(this.#outside()).toEqual(this.#before);
    const names = readdirSync(this.workspace.root).filter((name) => name.startsWith('.ocrpipe-tmp-'));
    expect(names).toEqual([]);
  }

  #outside(): string[] {
    return listing(this.home).filter((line) => !line.startsWith('workspace/'));
  }
}

const file = (name: string, id: ContentId, size: number): TreeEntry => ({
  kind: 'file',
  name: name as ByteName,
  executable: false,
  size,
  id,
});
const link = (name: string, target: string): TreeEntry => ({
  kind: 'symlink',
  name: name as ByteName,
  target,
});
const directory = (name: string, id: ContentId, files: number, bytes: number): TreeEntry => ({
  kind: 'directory',
  name: name as ByteName,
  files,
  bytes,
  id,
});

/** A tree by what is wrong with it; each has one file of one byte, or claims so. */
const trees: Record<
  string,
  { code: string; make: (remote: HostileRemote) => ContentId; says?: { files: number; size: number } }
> = {};
for (const name of [
  '..',
  '.',
  '../neighbour',
  '/etc/x',
  'a/b',
  'a\0b',
  '',
  '.git',
  '.GIT',
  '.ocrstore',
  '.OcrStore',
]) {
  trees[`the name ${JSON.stringify(name)}`] = {
    code: 'tree-invalid',
    make: (remote) => remote.node([file(name, remote.blob('x'), 1)]),
  };
  trees[`the folder ${JSON.stringify(name)}, deep down`] = {
    code: 'tree-invalid',
    make: (remote) => {
      const bad = remote.node([directory(name, remote.node([file('f', remote.blob('x'), 1)]), 1, 1)]);
      return remote.node([directory('sub', bad, 1, 1)]);
    },
  };
}
Object.assign(trees, {
  'one name as a link out and as a folder': {
    code: 'tree-invalid',
    make: (remote: HostileRemote) =>
      remote.node([
        link('a', '../../folder'),
        directory('a', remote.node([file('b', remote.blob('x'), 1)]), 1, 1),
      ]),
  },
  'a link to a folder outside': {
    code: 'link-outside',
    says: { files: 2, size: 1 },
    make: (remote: HostileRemote) => remote.node([link('a', '../../folder'), file('f', remote.blob('x'), 1)]),
  },
  'a link to an absolute path': {
    code: 'link-outside',
    says: { files: 2, size: 1 },
    make: (remote: HostileRemote) => remote.node([link('a', '/etc'), file('f', remote.blob('x'), 1)]),
  },
  'more files than there are': {
    code: 'tree-invalid',
    make: (remote: HostileRemote) =>
      remote.node([directory('d', remote.node([file('f', remote.blob('x'), 1)]), 2, 1)]),
  },
  'a larger file than there is': {
    code: 'size-differs',
    says: { files: 1, size: 9 },
    make: (remote: HostileRemote) => remote.node([file('f', remote.blob('x'), 9)]),
  },
  'a huge file that is small': {
    code: 'size-differs',
    says: { files: 1, size: 2 ** 50 },
    make: (remote: HostileRemote) => remote.node([file('f', remote.blob('x'), 2 ** 50)]),
  },
  'a small file that is huge': {
    code: 'size-differs',
    says: { files: 1, size: 9 },
    make: (remote: HostileRemote) => remote.node([file('f', remote.put('blob', Buffer.alloc(3_000_000)), 9)]),
  },
  'a name that no file system has': {
    code: 'path-too-long',
    make: (remote: HostileRemote) => remote.node([file('n'.repeat(1000), remote.blob('x'), 1)]),
  },
  'a million million files': {
    code: 'tree-invalid',
    make: (remote: HostileRemote) => {
      let id = remote.node([file('f', remote.blob('x'), 1)]);
      for (let count = 1; count < 2 ** 40; count *= 2) {
        id = remote.node([directory('a', id, count, count), directory('b', id, count, count)]);
      }
      return id;
    },
  },
  'folders in each other without end': {
    code: 'tree-invalid',
    make: (remote: HostileRemote) => {
      let id = remote.node([file('f', remote.blob('x'), 1)]);
      for (let depth = 0; depth < 1100; depth += 1) id = remote.node([directory('d', id, 1, 1)]);
      return id;
    },
  },
});

describe('a remote with a tree that has', () => {
  test.each(Object.entries(trees))('%s', async (_what, { code, make, says = { files: 1, size: 1 } }) => {
    const remote = new HostileRemote();
    const id = make(remote);
    remote.publish();
    const victim = new Victim().init(remote);
    victim.point(id, says);
    const codes = await victim.codes();
    victim.expectUntouched();
    expect(codes.slice(0, 2)).toEqual([code, code]);
    // Looking and sending need nothing of it; what cannot be had by pulling is not there to be checked out.
    expect([code, 'object-missing']).toContain(codes[2]);
    expect(codes.slice(3)).toEqual(['done', 'done']);
    expect(existsSync(victim.workspace.path('data'))).toBe(false);
  });

  test('is named by its path and its node', async () => {
    const remote = new HostileRemote();
    const id = remote.node([file('../neighbour', remote.blob('x'), 1)]);
    remote.publish();
    const victim = new Victim().init(remote);
    victim.point(id, { files: 1, size: 1 });
    await expect(victim.pull()).rejects.toThrow(new RegExp(`${id} of data .*"../neighbour"`));
  });
});

describe('a remote whose catalog', () => {
  /** What a pull of one file ends with, after the catalog was changed. */
  async function pulled(change: (catalog: Catalog) => Catalog, prepare?: (remote: HostileRemote) => void) {
    const remote = new HostileRemote();
    const blob = remote.blob('some bytes');
    remote.publish(change);
    prepare?.(remote);
    const victim = new Victim().init(remote);
    victim.point(blob, { size: 10 });
    const [code] = await victim.codes();
    victim.expectUntouched();
    return code;
  }

  /** The table of the pack with another length of its only object; the size that it stands for is kept or not. */
  function withLength(table: PackTable, length: number): PackTable {
    const raw = Buffer.from(table.raw);
    raw.writeUIntLE(length, 34, 6);
    return PackTable.decode(raw, table.packId);
  }

  test.each([
    ['has a pack that is shorter than it is', 3],
    ['has a pack that is longer than it is', 64 * 1024 * 1024],
  ])('%s: the pack counts as absent', async (_what, length) => {
    const change = (catalog: Catalog) => ({
      ...catalog,
      packs: catalog.packs.map((table) => withLength(table, length)),
    });
    expect(await pulled(change)).toBe('object-missing');
  });

  test('says of a pack what its bytes are not: the object is refused', async () => {
    const change = (catalog: Catalog) => ({
      ...catalog,
      packs: catalog.packs.map((table) => withLength(table, 64 * 1024 * 1024)),
    });
    const grown = (remote: HostileRemote) => {
      for (const name of readdirSync(join(remote.root, 'packs')).filter((each) => each.endsWith('.pack'))) {
        chmodSync(join(remote.root, 'packs', name), 0o644);
        truncateSync(join(remote.root, 'packs', name), 64 * 1024 * 1024 + 88);
      }
    };
    expect(await pulled(change, grown)).toBe('object-damaged');
  });

  test.each([
    ['a file of another size', 'object-damaged', 30],
    ['a file of the right size and other bytes', 'object-damaged', 10],
    ['a shorter file', 'object-damaged', 3],
  ])('names a large object that is %s: it is refused', async (_what, code, size) => {
    const id = contentIdOf('some bytes');
    const change = (catalog: Catalog) => ({
      ...catalog,
      packs: [],
      objects: [{ id, size: size === 3 ? 2 ** 47 : size }],
    });
    const large = (remote: HostileRemote) => {
      mkdirSync(dirname(join(remote.root, objectKey(id))), { recursive: true });
      writeFileSync(join(remote.root, objectKey(id)), Buffer.alloc(size));
    };
    expect(await pulled(change, large)).toBe(code);
  });

  test('names a FIFO: it is not waited for', async () => {
    const id = contentIdOf('some bytes');
    const fifo = (remote: HostileRemote) => {
      mkdirSync(dirname(join(remote.root, objectKey(id))), { recursive: true });
      execFileSync('mkfifo', [join(remote.root, objectKey(id))]);
    };
    const change = (catalog: Catalog) => ({ ...catalog, packs: [], objects: [{ id, size: 10 }] });
    expect(await pulled(change, fifo)).toMatch(/^(object-missing|remote-file-gone)$/);
  });

  test('is any bytes under their right name: it is read as it is, or refused with a code of its own', () => {
    const remote = new HostileRemote();
    remote.blob('some bytes');
    const { packs, sound } = { packs: [remote.publish()], sound: catalogOf(remote) };
    const end = sound.length - 32;
    const law = fc.property(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }), (edits) => {
      const bytes = Buffer.from(sound.subarray(0, end));
      for (const [at, value] of edits) bytes[at % end] = value;
      const id = contentIdOf(bytes);
      try {
        const read = decodeCatalog(Buffer.concat([bytes, Buffer.from(id, 'hex')]), id, 'it');
        expect(read.packs.length).toBeLessThanOrEqual(packs.length);
      } catch (error) {
        expect(error).toBeInstanceOf(OcrpipeError);
        expect((error as OcrpipeError).code).toMatch(/^(catalog-damaged|catalog-unknown|pack-damaged)$/);
      }
    });
    fc.assert(law, { numRuns: runs(500) });
  });

  function catalogOf(remote: HostileRemote): Buffer {
    const [name] = readdirSync(join(remote.root, 'packs')).filter((each) => each.endsWith('.cat'));
    return remote.read(`packs/${name!}`);
  }
});
