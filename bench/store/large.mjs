// `node bench/store/large.mjs [--large BYTES] [--files N] [--rounds N] [--tools ocrpipe,dvc,floor] [--folder DIR] [--keep] [--save]`: what
// it costs to keep one large file, and a folder of files of 1 to 4 MiB, which are placed by each type of link, beside DVC and what
// sha256sum and cp cost. Every tool works on its own copy of the same data in a fresh folder; they take turns. Reflinks are
// left out where the file system has none. --save keeps the raw figures in results/large.json.
// OCRPIPE_BENCH_DVC names the program `dvc` (3.67); without it DVC is left out. Needs four times the bytes on the disk at once.
import { execFileSync } from 'node:child_process';
import { constants, copyFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, measure } from '../measure.mjs';
import {
  contestant,
  inFreshFolder,
  inTurn,
  newRecord,
  newWorkspace,
  save,
  settle,
  takingPart,
} from './contestants.mjs';
import { writeLarge, writePieces } from './data.mjs';
import { table } from './table.mjs';

const { values: asked } = parseArgs({
  options: {
    large: { type: 'string', default: String(2 ** 31) },
    files: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    tools: { type: 'string', default: 'ocrpipe,dvc,floor' },
    folder: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const large = Number(asked.large);
const files = Number(asked.files);
const tools = takingPart(asked.tools);

const { rows, record } = newRecord();
inFreshFolder('large', asked, (folder) => {
  const big = join(folder, 'large.bin');
  const many = join(folder, 'many');
  writeLarge(big, large);
  writePieces(big, many, files);
  const placed = waysToPlace(folder);
  for (let round = 1; round <= Number(asked.rounds); round += 1) {
    for (const name of inTurn(tools, round)) {
      const workspace = join(folder, `${name}-${round}`);
      const from = { round, workspace, big, many };
      if (name === 'floor') floors(from);
      else tasks({ ...from, placed, tool: contestant(name) });
      // Few files: taking them away costs the next tool nothing, and the disk need not hold all rounds.
      rmSync(workspace, { recursive: true, force: true });
    }
  }
});

const result = { ...circumstances(asked.folder), files, rounds: Number(asked.rounds), large, rows };
console.log(table(result));
if (asked.save) save('large', result);

function tasks({ round, workspace, big, many, placed, tool }) {
  const note = (task, words) => {
    settle();
    record(round, tool.name, task, measure(words, { cwd: workspace, env: tool.env }));
  };
  newWorkspace(workspace, tool);
  cpSync(big, join(workspace, 'data'));
  note('add a large file', tool.commands.add);
  rmSync(join(workspace, 'data'));
  cpSync(many, join(workspace, 'many'), { recursive: true });
  note('add files of 1 to 4 MiB', [...tool.commands.add.slice(0, -1), 'many']);
  placed.forEach(([link, words], at) => {
    renameSync(join(workspace, 'many'), `${workspace}-gone-${at}`);
    note(`checkout, files of 1 to 4 MiB ${words}`, placing(tool, workspace, link));
    rmSync(`${workspace}-gone-${at}`, { recursive: true });
  });
}

/** The command line that places `many` by a type of link. */
function placing(tool, cwd, link) {
  if (tool.name === 'ocrpipe') return [...tool.commands.checkout, '--link', link, 'many'];
  execFileSync(tool.program, ['config', 'cache.type', link], { cwd });
  return [...tool.commands.checkout, 'many.dvc'];
}

function floors({ round, workspace, big, many }) {
  const note = (task, script) => {
    settle();
    record(round, 'floor', task, measure(['sh', '-c', script], { cwd: workspace }));
  };
  mkdirSync(workspace);
  cpSync(big, join(workspace, 'large'));
  note(
    'sha256sum + cp of a large file',
    'sha256sum large > /dev/null && cp --reflink=never large copy.bin && sync copy.bin',
  );
  cpSync(many, join(workspace, 'many'), { recursive: true });
  note(
    'sha256sum + cp -r of files of 1 to 4 MiB',
    'find many -type f -print0 | xargs -0 -P2 -n 50 sha256sum > /dev/null && cp -r --reflink=never many copy && sync -f copy',
  );
  rmSync(join(workspace, 'copy'), { recursive: true });
  note('cp -r of files of 1 to 4 MiB', 'cp -r --reflink=never many copy');
}

/** The types of link that the disk of `folder` has, and their names in the table. */
function waysToPlace(folder) {
  return [
    ['copy', 'as copies'],
    ['hardlink', 'by hard link'],
    ['symlink', 'by symbolic link'],
    ...(hasReflinks(folder) ? [['reflink', 'by reflink']] : []),
  ];
}

function hasReflinks(folder) {
  writeFileSync(join(folder, 'a'), 'a');
  try {
    copyFileSync(join(folder, 'a'), join(folder, 'b'), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}
