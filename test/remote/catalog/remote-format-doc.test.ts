import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeBase, encodeBase } from '../../../src/remote/catalog/base-chain.js';
import { decodeCatalog, encodeCatalog } from '../../../src/remote/catalog/catalog.js';
import type { ContentId } from '../../../src/base/content-id.js';

const page = readFileSync(new URL('../../../docs/remote-format.md', import.meta.url), 'utf8');

/** The text of the block that begins with ```<what>. */
function block(what: string): string {
  const found = page.split(`\`\`\`${what}\n`)[1]?.split('\n```')[0];
  if (found === undefined) throw new Error(`the page has no example '${what}'`);
  return found;
}

describe('docs/remote-format.md', () => {
  it('shows a catalog under its name, with the JSON that it holds', () => {
    const digits = block('hex catalog')
      .split('\n')
      .map((line) => line.split('  ')[0]!.replaceAll(' ', ''));
    const bytes = Buffer.from(digits.join(''), 'hex');
    const id = /`([0-9a-f]{64})`:\n/.exec(page)![1] as ContentId;
    const catalog = decodeCatalog(bytes, id, 'the page');
    expect(encodeCatalog(catalog).bytes.equals(bytes)).toBe(true);
    expect([...catalog.packs[0]!.entries()].map(({ kind, length }) => [kind, length])).toEqual([
      ['blob', 6],
      ['tree', 12],
    ]);
    const json = bytes.toString('utf8', 32, 32 + bytes.readUInt32LE(8));
    expect(JSON.parse(block('json catalog'))).toEqual(JSON.parse(json));
  });

  it('shows a base that is accepted', () => {
    const base = decodeBase(Buffer.from(block('json base')), 1, 'the page');
    expect(base.condemned).toHaveLength(1);
    expect(decodeBase(encodeBase(base), 1, 'again')).toEqual(base);
  });
});
