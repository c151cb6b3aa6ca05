import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';

const MEASURED = join(import.meta.dirname, 'measured.py');
const ROOT = join(import.meta.dirname, '..');

/** The command line of this checkout. */
export const OCRPIPE = [process.execPath, join(ROOT, 'bin', 'run.js')];

/** What takes longer hangs. */
const LIMIT_SECONDS = 3600;

/**
 * Runs a command and gives its seconds of wall and CPU time (user + system, children included) and the largest resident set
 * of one of its processes in MB. Throws with what it printed if it fails, or takes more than `limit` seconds. Needs python3, whose `wait4` counts all of it.
 */
export function measure(command, options) {
  const { wall, cpu, peak } = measureSaying(command, options);
  return { wall, cpu, peak };
}

/** The same, with what it printed on stdout. */
export function measureSaying([program, ...args], { cwd, env = {}, limit = LIMIT_SECONDS }) {
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-measure-'));
  try {
    const file = join(folder, 'usage.json');
    const run = spawnSync('python3', [MEASURED, file, String(limit), program, ...args], {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const usage = run.status === 0 ? JSON.parse(readFileSync(file, 'utf8')) : { status: run.status };
    if (usage.status !== 0) {
      throw new Error(
        `${[program, ...args].join(' ')} ended with ${usage.status}\n${run.stdout}${run.stderr}`,
      );
    }
    const { wall, cpu, peak } = usage;
    return { wall, cpu, peak, stdout: run.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What a result must say of itself: commit, date, versions and the machine. `folder` is on the disk that was measured. */
export function circumstances(folder = tmpdir()) {
  const git = (...args) => answer('git', '-C', ROOT, ...args);
  const dvc = process.env.OCRPIPE_BENCH_DVC;
  return {
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes'),
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    versions: {
      git: answer('git', '--version').replace('git version ', ''),
      ...(dvc === undefined ? {} : { dvc: answer(dvc, '--version') }),
    },
    machine: {
      system: `${type()} ${release().split('-')[0]}`,
      memoryGb: Math.round(totalmem() / 1e9),
      fileSystem: answer('stat', '-f', '-c', '%T', folder),
    },
  };
}

function answer(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}
