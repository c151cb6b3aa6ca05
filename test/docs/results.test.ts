import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { groupBy } from '../../src/base/group-by.js';

const bench = new URL('../../bench/', import.meta.url);
const page = readFileSync(new URL('RESULTS.md', bench), 'utf8');
/** Below bench/: those of each measurement that keeps raw figures. */
const names = ['store', 'remote', 'pipeline'].flatMap((of) => {
  const folder = new URL(`${of}/results/`, bench);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.filter((name) => name.endsWith('.json')).map((name) => `${of}/results/${name}`);
});

/** The sections of the page whose figures are kept in bench/store/results/, and in those of bench/remote/ and bench/pipeline/ once they are. */
const HELD = [
  ...(names.some((name) => name.startsWith('remote/')) ? ['A remote of packs'] : []),
  ...(names.some((name) => name.startsWith('pipeline/')) ? ['A pipeline beside DVC'] : []),
  'The store beside DVC',
  'The cost of a file, from thousands to millions',
  'Large files beside DVC',
  'Checking a store',
];

const positive = z.number().positive();
const said = z.string().min(1);
/** What a result says: when, of what, with what, on what, and each measurement. */
const resultSchema = z.looseObject({
  commit: z.string().regex(/^[0-9a-f]{7,40}$/),
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  node: said,
  cpu: said,
  versions: z.looseObject({ git: said, dvc: said.optional() }),
  machine: z.object({ system: said, memoryGb: positive, fileSystem: said }),
  rounds: z.number().int().min(3),
  /** Of tools that took fewer rounds. */
  roundsOf: z.record(said, z.number().int().positive()).default({}),
  /** Turns that did not come to their end. */
  failures: z.array(z.object({ round: z.number().int(), tool: said, why: said })).default([]),
  counts: z.array(z.object({ tool: said, task: said, requests: positive, bytes: z.number() })).optional(),
  rows: z.array(
    z.object({
      round: z.number().int(),
      tool: said,
      task: said,
      files: z.number().optional(),
      bytes: positive.optional(),
      ...{ wall: positive, cpu: positive, peak: positive },
    }),
  ),
});
type Result = z.infer<typeof resultSchema>;

function read(name: string): Result {
  return resultSchema.parse(JSON.parse(readFileSync(new URL(name, bench), 'utf8')));
}

/** The tables of a text, each as its rows, however wide its columns are; the lines below the head are left out. */
function tablesOf(markdown: string): string[] {
  return markdown
    .split(/\n(?!\|)/)
    .map((part) => part.split('\n').filter((line) => /^\|.*[^\s|:-]/.test(line)))
    .filter((rows) => rows.length > 0)
    .map((rows) => rows.map((row) => row.split(/\s*\|\s*/).join('|')).join('\n'));
}

function section(title: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

async function tablesFrom(name: string): Promise<string[]> {
  const script = name.replace(/results\/.*/, 'table.mjs');
  const { table } = (await import(new URL(script, bench).href)) as {
    table: (result: unknown) => string;
  };
  return tablesOf(table(read(name)));
}

function medianOf({ rows }: Result, task: string, key: 'wall' | 'cpu'): string {
  const values = rows.filter((row) => row.task === task).map((row) => row[key]);
  return values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(2);
}

describe('bench/RESULTS.md', () => {
  it.each(names)('says what the raw figures of %s say, and of what they are', async (name) => {
    const result = read(name);
    const tables = tablesOf(page);
    for (const table of await tablesFrom(name)) expect(tables).toContain(table);
    const paragraph = page.split('\n\n').find((text) => text.includes(`commit ${result.commit}`));
    expect(paragraph).toContain(result.date);
    expect(paragraph).toContain(`Node ${result.node}`);
  });

  it.each(HELD)('says nothing in a table of "%s" that no raw figures say', async (title) => {
    const held = await Promise.all(names.map(tablesFrom));
    const tables = tablesOf(section(title));
    expect(tables).not.toEqual([]);
    for (const table of tables) expect(held.flat()).toContain(table);
  });

  it('says what git needs for the same as its raw figures do', () => {
    const result = read('store/results/folders-200000.json');
    const [wall, cpu] = [medianOf(result, 'git status', 'wall'), medianOf(result, 'git status', 'cpu')];
    expect(section('The store beside DVC')).toContain(
      `\`git status\` over the same files, which git holds then: ${wall} s wall, ${cpu} s CPU`,
    );
  });
});

describe('the raw figures', () => {
  it.each(names)('of %s are of every round, and name the version of each tool', (name) => {
    const { rows, rounds, roundsOf, failures, versions } = read(name);
    const rounding = groupBy(rows, ({ tool, task, files = 0 }) => JSON.stringify([tool, task, files]));
    for (const [what, each] of rounding) {
      const { tool } = each[0]!;
      const failed = failures.filter((failure) => failure.tool === tool).map(({ round }) => round);
      const all = Array.from({ length: roundsOf[tool] ?? rounds }, (_, index) => index + 1);
      const done = each.map(({ round }) => round).sort();
      // A turn that failed may have done this before.
      expect([what, done]).toEqual([
        what,
        all.filter((round) => !failed.includes(round) || done.includes(round)),
      ]);
    }
    if (rows.some(({ tool }) => tool === 'dvc')) expect(versions.dvc).toBeDefined();
  });
});
