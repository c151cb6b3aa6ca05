// What the commands for a newcomer (`npm test`, `npm run quickstart`) do first: a fresh clone has nothing installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs the packages that package-lock.json names, if any that package.json asks for is missing or of another version. */
export function ensureInstalled() {
  const lock = readJson(join(root, 'package-lock.json'));
  const { dependencies, devDependencies } = lock.packages[''];
  const wrong = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => {
    const wanted = lock.packages[`node_modules/${name}`];
    return wanted && versionOf(name) !== wanted.version;
  });
  if (wrong.length === 0) return;
  console.log(`installing what is missing (${wrong.length} packages and what they need): npm ci`);
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

/** Brings dist/ up to date; ends this process if that fails. */
export async function build() {
  await import('./build.mjs');
  if (process.exitCode) process.exit();
}

/** Runs a command in the repository with this terminal; ends this process with its exit code if it fails. */
export function run(file, args, options = {}) {
  const code = tryToRun(file, args, options);
  if (code !== 0) process.exit(code);
}

/** Like `run`, but returns the exit code. */
export function tryToRun(file, args, options = {}) {
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) {
    console.error(`cannot run ${file}: ${error.message}`);
    return 1;
  }
  return status ?? 1;
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function versionOf(name) {
  try {
    return readJson(join(root, 'node_modules', name, 'package.json')).version;
  } catch {
    return undefined;
  }
}
