import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/base/canonical-json.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { parseRunRecord } from '../../src/pipeline/records/run-record.js';
import { byteName } from '../../src/store/byte-name.js';
import { decodeStoreFormat } from '../../src/store/format.js';
import { PackReader } from '../../src/store/pack-reader.js';
import { PackWriter } from '../../src/store/pack-writer.js';
import { RunRecords } from '../../src/store/run-records.js';
import { nameHash } from '../../src/store/name-hash.js';
import { decodeNode } from '../../src/store/tree-format.js';
import { pointerText } from '../../src/tracking/pointers/plain-pointer.js';
import { parsePointer } from '../../src/tracking/pointers/pointer.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newStore } from './new-store.js';
import { MemoryObjects } from './memory-objects.js';

const page = readFileSync(new URL('../../docs/store-format.md', import.meta.url), 'utf8');

/** The text of the block that begins with ```<what>. */
function block(what: string): string {
  const found = page.split(`\`\`\`${what}\n`)[1]?.split('\n```')[0];
  if (found === undefined) throw new Error(`the page has no example '${what}'`);
  return found;
}

/** The bytes of a block of hex digits; what follows two spaces in a line is explanation. */
function bytesOf(what: string): Buffer {
  const digits = block(what)
    .split('\n')
    .map((line) => line.split('  ')[0]!.replaceAll(' ', ''));
  return Buffer.from(digits.join(''), 'hex');
}

/** The id that the page gives just before an example. */
function idBefore(what: string): string | undefined {
  const before = page.slice(0, page.indexOf(`\`\`\`${what}\n`));
  return [...before.matchAll(/`([0-9a-f]{64})`/g)].at(-1)?.[1];
}

const hello = Buffer.from('hello\n');

describe('docs/store-format.md', () => {
  it('shows a format.json that is accepted', () => {
    expect(decodeStoreFormat(block('json format'), 'the page').features).toEqual([]);
  });

  it('shows the pack that is written for its objects, under its id', () => {
    const folder = temporaryFolder();
    const writer = new PackWriter(folder);
    const empty = Buffer.from('4f4352540100000000000000', 'hex');
    writer.add('blob', contentIdOf(hello), hello);
    writer.add('tree', contentIdOf(empty), empty);
    const { id, file } = writer.seal();
    expect(readFileSync(file).equals(bytesOf('hex pack'))).toBe(true);
    expect(id).toBe(idBefore('hex pack'));
    writeFileSync(join(folder, 'page'), bytesOf('hex pack'));
    const reader = PackReader.open(join(folder, 'page'), { id });
    expect(reader.readObject(reader.table.entry(0))?.toString()).toBe('hello\n');
    reader.close();
  });

  it('shows the node that is written for its entries, under its id', () => {
    const objects = new MemoryObjects();
    const { id } = objects.tree([
      { kind: 'symlink', name: byteName('l'), target: 'a.txt' },
      { kind: 'directory', name: byteName('d'), ...objects.tree([]) },
      { kind: 'file', name: byteName('a.txt'), executable: false, size: 6, id: contentIdOf(hello) },
    ]);
    expect(id).toBe(idBefore('hex node'));
    expect(bytesOf('hex node').equals(objects.read('tree', id))).toBe(true);
    const node = decodeNode(bytesOf('hex node'), 'the page');
    expect('entries' in node && node.entries.map(({ kind }) => kind)).toEqual([
      'file',
      'directory',
      'symlink',
    ]);
  });

  it('gives the hashes of names', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)` +\| `([0-9a-f]{8})` \|$/gm)];
    expect(rows).toHaveLength(2);
    for (const [, name, hash] of rows) expect(nameHash(name!).toString(16).padStart(8, '0')).toBe(hash);
  });

  it('shows the pointer of its node', () => {
    const text = block('yaml pointer');
    const snapshot = parsePointer(`${text}\n`, 'the page');
    expect(pointerText(snapshot)).toBe(`${text}\n`);
    expect(snapshot.id).toBe(idBefore('hex node'));
    // One file of 6 bytes, and a link, which counts as a file without bytes.
    expect(snapshot).toMatchObject({ kind: 'directory', files: 2, size: 6 });
  });

  it('shows the pointer of an import', () => {
    const text = block('yaml pointer-of-import');
    const snapshot = parsePointer(`${text}\n`, 'the page');
    expect(pointerText(snapshot)).toBe(`${text}\n`);
    expect(snapshot.source).toMatchObject({ rev: 'main', path: 'data/raw' });
  });

  it('shows a run record under its id and key', () => {
    const records = new RunRecords(newStore());
    const record = contentIdOf(block('text run'));
    expect(record).toBe(idBefore('text run'));
    const parsed = parseRunRecord(JSON.parse(block('text run')) as JsonValue);
    expect(parsed?.outs).toMatchObject([{ path: 'model', kind: 'file', size: 6 }]);
    expect(page).toContain(`Its key is \`${parsed!.key}\``);
    records.putBytes({ key: parsed!.key, record }, Buffer.from(block('text run')));
    expect(records.list(parsed!.key)).toEqual([record]);
  });
});
