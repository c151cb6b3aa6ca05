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

/** Medians of a result of run.mjs as a Markdown table: seconds, ratios and memory. */
export function table({ rows }) {
  const of = (tool, task, key) => {
    const values = rows.filter((row) => row.tool === tool && row.task === task).map((row) => row[key]);
    return values.length === 0 ? undefined : median(values);
  };
  const tasks = Object.keys(FLOORS).filter((task) => of('ocrpipe', task, 'cpu') !== undefined);
  const lines = tasks.map((task) => {
    const floor = FLOORS[task];
    const cell = (key) => [of('ocrpipe', task, key), of('dvc', task, key), of('floor', floor, key)];
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
      Math.round(of('ocrpipe', task, 'peak')),
      peerCpu === undefined ? '–' : Math.round(of('dvc', task, 'peak')),
    ];
  });
  const head = [
    'work',
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
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function seconds(value) {
  return value === undefined ? '–' : value.toFixed(2);
}

function times(a, b) {
  return a === undefined || b === undefined ? '–' : (a / b).toFixed(1);
}
