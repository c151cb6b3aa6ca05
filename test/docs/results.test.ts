import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const bench = new URL('../../bench/', import.meta.url);
const page = readFileSync(new URL('RESULTS.md', bench), 'utf8');
const results = readdirSync(new URL('store/results/', bench)).filter((name) => name.endsWith('.json'));

/** The cells of each row of a table, however wide its columns are. */
function rowsOf(markdown: string): string[] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|') && !/^\|[\s|:-]+$/.test(line));
  return rows.map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .join('|'),
  );
}

describe('bench/RESULTS.md', () => {
  it.each(results)('says what the raw figures of %s say', async (name) => {
    const { table } = (await import(new URL('store/table.mjs', bench).href)) as {
      table: (result: unknown) => string;
    };
    const result = JSON.parse(readFileSync(new URL(`store/results/${name}`, bench), 'utf8')) as {
      commit: string;
      date: string;
    };
    const written = rowsOf(page);
    for (const row of rowsOf(table(result))) expect(written).toContain(row);
    expect(page).toContain(`${result.date}, commit ${result.commit}`);
  });

  it('has raw figures to be held against', () => {
    expect(results).not.toEqual([]);
  });
});
