import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n');
const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');

/** Codes where an error is made: `userError('code'`, `new OcrpipeError('code'`, and the `code: 'code'` of a problem. */
const MADE = /(?:userError\(\s*|super\(|OcrpipeError\(\s*|\bcode: )'([a-z]+(?:-[a-z0-9]+)*)'/g;
const made = new Set([...source.matchAll(MADE)].map(([, code]) => code));
const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, code = '']) => code);

describe('docs/errors.md', () => {
  it('lists every code that ocrpipe gives', () => {
    expect([...made].filter((code) => !listed.includes(code ?? '')).sort()).toEqual([]);
  });

  it('lists nothing that ocrpipe never gives', () => {
    expect(listed.filter((code) => !source.includes(`'${code}'`))).toEqual([]);
  });

  it('is sorted, and lists each code once', () => {
    expect(listed).toEqual([...new Set(listed)].sort());
  });
});
