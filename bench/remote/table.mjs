// `node bench/remote/table.mjs FILE…`: the tables of results that run.mjs kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';
import { barOf } from './bars.mjs';

/** In this order; what sums others up names them. */
const TASKS = [
  { task: 'add' },
  { task: 'push' },
  { task: 'add + push', of: ['add', 'push'] },
  { task: 'push again, nothing new' },
  { task: 'push, one new file' },
  { task: 'pull into a fresh clone' },
  { task: 'pull one folder of 200' },
  { task: 'add one large file' },
  { task: 'push one large file' },
  { task: 'add + push one large file', of: ['add one large file', 'push one large file'] },
  { task: 'pull one large file' },
];
const HEAD = [
  'work',
  'tool',
  'wall s',
  'times ocrpipe',
  'must be',
  'reached',
  'CPU s',
  'peak MB',
  'requests',
  'MB moved',
];

/**
 * A result of run.mjs as Markdown: for each work and tool medians of the rounds, how many times as long as ocrpipe it took, and what that
 * must be. Tools that track no files have nothing to add: their `add + push` is their push.
 */
export function table(result) {
  const { rows, counts, failures = [] } = result;
  const tools = [...new Set([...rows, ...counts].map(({ tool }) => tool))].sort((a, b) => rank(a) - rank(b));
  const lines = TASKS.flatMap(({ task, of = [task] }) => {
    const ours = figures(rows, 'ocrpipe', of);
    return tools.flatMap((tool) => {
      const parts = of.filter((part) => part === of.at(-1) || figures(rows, tool, [part]) !== undefined);
      const found = figures(rows, tool, parts);
      const count = of.length > 1 ? undefined : countOf(counts, tool, task);
      // A sum says nothing of a tool that does not do its parts, nor where nobody does the first.
      if ((found ?? count) === undefined || (of.length > 1 && ours === undefined)) return [];
      return [[task, nameOf(result, tool), ...cells(result, { task, tool, found, ours, count })]];
    });
  });
  const failed = failures.map(({ round, tool, why }) => [`round ${round}`, tool, `failed: ${why}`]);
  const all = [HEAD, HEAD.map(() => '---'), ...lines, ...failed.map(filled)];
  return all.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function filled(line) {
  return [...line, ...HEAD.slice(line.length).map(() => '')];
}

/** Fewer rounds than the others did are said. */
function nameOf({ roundsOf = {} }, tool) {
  const rounds = roundsOf[tool];
  return rounds === undefined ? tool : `${tool} (${rounds} round${rounds === 1 ? '' : 's'})`;
}

/** Medians over the rounds of the sums of tasks, of those rounds in which the tool did all of them; undefined if there are none. */
function figures(rows, tool, tasks) {
  const own = rows.filter((row) => row.tool === tool);
  const rounds = [...new Set(own.map(({ round }) => round))];
  const sums = rounds.flatMap((round) => {
    const parts = tasks.map((task) => own.find((row) => row.round === round && row.task === task));
    if (parts.includes(undefined)) return [];
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    return [{ wall: sum('wall'), cpu: sum('cpu'), peak: Math.max(...parts.map(({ peak }) => peak)) }];
  });
  if (sums.length === 0) return undefined;
  const of = (key) => median(sums.map((each) => each[key]));
  return { wall: of('wall'), cpu: of('cpu'), peak: of('peak') };
}

function cells(result, { task, tool, found, ours, count }) {
  const times = found && ours && found.wall / ours.wall;
  const bar = barOf(result, { task, tool, times, peak: found?.peak, requests: count?.requests });
  return [
    shown(found?.wall, 2),
    shown(times, times < 10 ? 2 : 1),
    bar?.bar ?? '',
    bar === undefined ? '' : bar.reached ? 'yes' : 'no',
    shown(found?.cpu, 2),
    shown(found?.peak, 0),
    shown(count?.requests, 0),
    shown(count && count.bytes / 1e6, count?.bytes < 1e5 ? 3 : 1),
  ];
}

function shown(value, digits) {
  return value === undefined ? '–' : value.toFixed(digits);
}

function countOf(counts, tool, task) {
  return counts.find((count) => count.tool === tool && count.task === task);
}

const ORDER = ['ocrpipe', 'dvc', 's5cmd', 'aws', 'rclone', 'floor', 'cp -r'];

function rank(tool) {
  return ORDER.indexOf(tool);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) console.log(`${table(JSON.parse(readFileSync(file, 'utf8')))}\n`);
}
