// `node bench/pipeline/table.mjs FILE…`: the tables of results that run.mjs kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';
import { DIAMOND_SECONDS } from './shapes.mjs';

/** In this order, and what of ocrpipe must be reached. `times`: how many times less wall than DVC. */
const TASKS = [
  { task: 'chain, first', times: 15, floor: true },
  { task: 'chain, nothing to do', times: 10 },
  { task: 'side by side, first', times: 15, floor: true },
  { task: 'side by side, nothing to do', times: 10 },
  { task: 'one stage, nothing to do', wall: 0.45 },
  { task: 'plan of a matrix', wall: 3, peak: 400 },
  { task: 'diamond of 8 that sleep', wall: DIAMOND_SECONDS * 1.1 },
];
/** Of a stage, beyond its own process. */
const OVERHEAD_MS = 25;
const HEAD = [
  'work',
  'wall s',
  'DVC',
  'times less',
  'CPU s',
  'DVC',
  'peak MB',
  'floor wall s',
  'must be',
  'reached',
];

/** A result of run.mjs as Markdown: medians of the rounds. */
export function table(result) {
  const lines = TASKS.flatMap((row) => lineOf(result, row));
  const all = [HEAD, HEAD.map(() => '---'), ...lines, ...overheads(result)];
  return all.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function lineOf(result, { task, times, wall, peak }) {
  const ours = figures(result, 'ocrpipe', task);
  if (ours === undefined) return [];
  const dvc = figures(result, 'dvc', task);
  const less = dvc && dvc.wall / ours.wall;
  const bars = [
    times !== undefined && {
      bar: `times ≥ ${times}`,
      reached: less === undefined ? undefined : less >= times,
    },
    wall !== undefined && { bar: `wall ≤ ${wall}`, reached: ours.wall <= wall },
    peak !== undefined && { bar: `MB ≤ ${peak}`, reached: ours.peak <= peak },
  ].filter(Boolean);
  return [
    [
      nameOf(result, task),
      seconds(ours.wall),
      seconds(dvc?.wall),
      less === undefined ? '–' : less.toFixed(1),
      seconds(ours.cpu),
      seconds(dvc?.cpu),
      Math.round(ours.peak),
      seconds(figures(result, 'floor', task)?.wall),
      bars.map(({ bar }) => bar).join(', '),
      saying(bars.map(({ reached }) => reached)),
    ],
  ];
}

/** Milliseconds of wall that a stage costs beyond its process. */
function overheads(result) {
  return TASKS.filter(({ floor }) => floor).flatMap(({ task }) => {
    const [ours, floor] = ['ocrpipe', 'floor'].map((tool) => figures(result, tool, task));
    if (ours === undefined || floor === undefined) return [];
    const each = ((ours.wall - floor.wall) / result.stages) * 1000;
    const line = [`${task}: ms of wall a stage beyond its process`, each.toFixed(1)];
    return [[...line, '', '', '', '', '', '', `ms ≤ ${OVERHEAD_MS}`, saying([each <= OVERHEAD_MS])]];
  });
}

function nameOf({ stages, square, rounds, roundsOf = {} }, task) {
  const count = task.startsWith('chain') || task.startsWith('side') ? `${stages} stages, ` : '';
  const of = task.startsWith('plan') ? ` of ${square * square} stages` : '';
  const fewer = Object.entries(roundsOf).filter(([, n]) => n !== rounds);
  const said = fewer.map(([tool, n]) => ` (${tool}: ${n} of ${rounds} rounds)`).join('');
  return `${count}${task}${of}${said}`;
}

function figures({ rows }, tool, task) {
  const found = rows.filter((row) => row.tool === tool && row.task === task);
  if (found.length === 0) return undefined;
  const of = (key) => median(found.map((row) => row[key]));
  return { wall: of('wall'), cpu: of('cpu'), peak: of('peak') };
}

function saying(reached) {
  if (reached.includes(undefined)) return '–';
  return reached.every(Boolean) ? 'yes' : 'no';
}

function seconds(value) {
  return value === undefined ? '–' : value.toFixed(2);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) console.log(`${table(JSON.parse(readFileSync(file, 'utf8')))}\n`);
}
