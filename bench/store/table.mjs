import { median } from '../measure.mjs';

/** The floor that each task is held against. */
const FLOORS = {
  'add, cold': 'sha256sum (xargs -P2)',
  'status, nothing changed': 'find -printf',
  'add, nothing changed': 'find -printf',
  'status, one file changed': 'find -printf',
  'add, one file changed': 'find -printf',
  'checkout, nothing there': 'cp -r',
  '4 stages, first': 'find -printf',
  '4 stages, nothing to do': 'find -printf',
  'add a large file': 'sha256sum + cp of a large file',
  'add files of 1 to 4 MiB': 'sha256sum + cp -r of files of 1 to 4 MiB',
  'checkout, files of 1 to 4 MiB as copies': 'cp -r of files of 1 to 4 MiB',
  'checkout, files of 1 to 4 MiB by hard link': 'cp -r of files of 1 to 4 MiB',
  'checkout, files of 1 to 4 MiB by symbolic link': 'cp -r of files of 1 to 4 MiB',
  'checkout, files of 1 to 4 MiB by reflink': 'cp -r of files of 1 to 4 MiB',
};

/** A result as Markdown: what was kept in results/ by run.mjs, large.mjs, scaling.mjs or fsck.mjs. */
export function table(result) {
  if (result.rows.every(({ files }) => files !== undefined)) return curve(result);
  if (result.rows.every(({ bytes }) => bytes !== undefined)) return reading(result);
  const ours = [...new Set(result.rows.map(({ tool }) => tool))].filter((tool) => tool.startsWith('ocrpipe'));
  return ours.map((tool) => comparison(result, tool)).join('\n\n');
}

/** Medians of `ours` beside those of DVC and the floors: seconds, ratios and memory. */
function comparison({ rows }, ours) {
  const of = (tool, task, key) => {
    const values = rows.filter((row) => row.tool === tool && row.task === task).map((row) => row[key]);
    return values.length === 0 ? undefined : median(values);
  };
  const tasks = Object.keys(FLOORS).filter((task) => of(ours, task, 'cpu') !== undefined);
  const lines = tasks.map((task) => {
    const floor = FLOORS[task];
    const cell = (key) => [of(ours, task, key), of('dvc', task, key), of('floor', floor, key)];
    const [cpu, peerCpu, floorCpu] = cell('cpu');
    const [wall, peerWall, floorWall] = cell('wall');
    return [
      task,
      seconds(cpu),
      seconds(peerCpu),
      times(peerCpu, cpu),
      seconds(wall),
      seconds(peerWall),
      times(peerWall, wall),
      floor,
      `${seconds(floorCpu)} / ${seconds(floorWall)}`,
      `${times(cpu, floorCpu)} / ${times(wall, floorWall)}`,
      Math.round(of(ours, task, 'peak')),
      peerCpu === undefined ? '–' : Math.round(of('dvc', task, 'peak')),
    ];
  });
  const head = [
    ours === 'ocrpipe' ? 'work' : ours,
    'CPU s',
    'DVC',
    'times less',
    'wall s',
    'DVC',
    'times less',
    'floor',
    'CPU / wall s',
    'times the floor',
    'peak MB',
    'DVC',
  ];
  return markdown(head, lines);
}

/** Medians of scaling.mjs: microseconds of CPU (wall) for each file, and peak memory. */
function curve({ rows }) {
  const sizes = [...new Set(rows.map(({ files }) => files))];
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const of = (files, task, key) =>
    median(rows.filter((row) => row.files === files && row.task === task).map((row) => row[key]));
  const cell = (files, task) => {
    const [cpu, wall] = ['cpu', 'wall'].map((key) => ((of(files, task, key) * 1e6) / files).toFixed(1));
    return `${cpu} (${wall}), ${of(files, task, 'peak').toFixed(0)} MB`;
  };
  const head = ['µs of CPU (wall) a file, peak memory', ...sizes.map((files) => `${files} files`)];
  return markdown(
    head,
    tasks.map((task) => [task, ...sizes.map((files) => cell(files, task))]),
  );
}

/** Medians of fsck.mjs: how fast each tool reads the same bytes, and how ocrpipe compares with it. */
function reading({ rows }) {
  const of = (task, tool, key) =>
    median(rows.filter((row) => row.task === task && row.tool === tool).map((row) => row[key]));
  const kinds = [...new Set(rows.map(({ task, tool }) => JSON.stringify([task, tool])))].map((kind) =>
    JSON.parse(kind),
  );
  const lines = kinds.map(([task, tool]) => {
    const [cpu, wall] = ['cpu', 'wall'].map((key) => of(task, tool, key));
    const ratios = ['cpu', 'wall'].map((key) => times(of(task, 'ocrpipe', key), of(task, tool, key)));
    const speed = of(task, tool, 'bytes') / wall / 1e9;
    return [
      task,
      tool,
      seconds(cpu),
      seconds(wall),
      speed.toFixed(2),
      tool === 'ocrpipe' ? '' : ratios.join(' / '),
      Math.round(of(task, tool, 'peak')),
    ];
  });
  const head = [
    'a store of',
    'read by',
    'CPU s',
    'wall s',
    'GB/s',
    'ocrpipe takes times its CPU / wall',
    'peak MB',
  ];
  return markdown(head, lines);
}

function markdown(head, lines) {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function seconds(value) {
  return value === undefined ? '–' : value.toFixed(2);
}

function times(a, b) {
  return a === undefined || b === undefined ? '–' : (a / b).toFixed(1);
}
