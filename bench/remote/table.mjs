import { median } from '../measure.mjs';

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

/**
 * A result of run.mjs as Markdown: for each work and tool medians of the rounds, and how many times as long as ocrpipe it took.
 * Tools that track no files have nothing to add: their `add + push` is their push.
 */
export function table({ rows, counts }) {
  const tools = [...new Set(rows.map(({ tool }) => tool))].sort((a, b) => rank(a) - rank(b));
  const lines = TASKS.flatMap(({ task, of = [task] }) => {
    const ours = figures(rows, 'ocrpipe', of);
    return tools.flatMap((tool) => {
      const parts = of.filter((part) => part === of.at(-1) || figures(rows, tool, [part]) !== undefined);
      // A sum says nothing of a tool that does not do its parts, nor where nobody does the first.
      const found = figures(rows, tool, parts);
      if (found === undefined || (of.length > 1 && ours === undefined)) return [];
      const count = of.length > 1 ? undefined : countOf(counts, tool, task);
      return [[task, tool, ...cells(found, ours), ...countCells(count)]];
    });
  });
  const head = ['work', 'tool', 'wall s', 'times ocrpipe', 'CPU s', 'peak MB', 'requests', 'MB moved'];
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Medians over the rounds of the sums of tasks; undefined if the tool did not do all of them. */
function figures(rows, tool, tasks) {
  const own = rows.filter((row) => row.tool === tool);
  const rounds = [...new Set(own.map(({ round }) => round))];
  const sums = rounds.map((round) => {
    const parts = tasks.map((task) => own.find((row) => row.round === round && row.task === task));
    if (parts.includes(undefined)) return undefined;
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    return { wall: sum('wall'), cpu: sum('cpu'), peak: Math.max(...parts.map(({ peak }) => peak)) };
  });
  if (sums.length === 0 || sums.includes(undefined)) return undefined;
  const of = (key) => median(sums.map((each) => each[key]));
  return { wall: of('wall'), cpu: of('cpu'), peak: of('peak') };
}

function cells({ wall, cpu, peak }, ours) {
  const times = ours === undefined ? '–' : (wall / ours.wall).toFixed(wall / ours.wall < 10 ? 2 : 1);
  return [wall.toFixed(2), times, cpu.toFixed(2), peak.toFixed(0)];
}

function countOf(counts, tool, task) {
  return counts.find((count) => count.tool === tool && count.task === task);
}

function countCells(count) {
  if (count === undefined) return ['–', '–'];
  return [count.requests, (count.bytes / 1e6).toFixed(count.bytes < 1e5 ? 3 : 1)];
}

const ORDER = ['ocrpipe', 'dvc', 's5cmd', 'aws', 'rclone', 'floor', 'cp -r'];

function rank(tool) {
  return ORDER.indexOf(tool);
}
