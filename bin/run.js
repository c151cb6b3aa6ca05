#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import v8 from 'node:v8';
import { CompiledCode, nameOf } from './compiled-code.js';

const argv = process.argv.slice(2);

// Node's own warnings (experimental features, deprecations inside dependencies) are not for users.
process.removeAllListeners('warning');
if (process.env.OCRPIPE_DEBUG === '1') process.on('warning', (warning) => console.error(warning.stack));

if (argv[0] === '--version' || argv[0] === '-v') {
  // Answered before anything is loaded: scripts and editors ask this often.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const {
    default: { watchOutput },
  } = await import('../dist/cli/output.cjs');
  const output = watchOutput();
  process.stdout.write(`ocrpipe/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
  await output.finished();
  const failure = output.failure();
  if (failure) {
    const {
      default: { reportOutputFailure },
    } = await import('../dist/cli/output-failure.cjs');
    reportOutputFailure(failure);
    process.exitCode = 1;
  }
} else if (argv[0] === '__complete') {
  // A shell asks at each press of a key: see `ocrpipe completion`.
  codeFor('complete').load('cli/complete.cjs').complete(argv.slice(1));
} else if (argv[0] === 'git-merge') {
  // Git starts this once for each file that a merge changed on both sides.
  const { mergeDriver } = codeFor('git-merge').load('cli/merge-driver.cjs');
  process.exitCode = await mergeDriver(argv.slice(1));
} else {
  // Left alone, V8 lets garbage grow to several times what is alive before it looks for any: 60 MB more at 200,000 files, for
  // no gain in time. The flag is named nowhere but in V8, so it is set only where it was tried.
  if (Number.parseInt(process.versions.node, 10) <= 24) v8.setFlagsFromString('--heap-growing-percent=50');
  standInForAccount();
  const { main } = codeFor(nameOf(argv)).load('cli/main.cjs');
  await main(argv, new URL('..', import.meta.url));
}

/** What loads the modules of a command, and keeps their compiled code for the next run when this one ends. */
function codeFor(name) {
  const code = new CompiledCode(name);
  process.on('exit', () => code.keep());
  return code;
}

/**
 * Containers run programs under user ids that no account stands behind. Node then throws when it is asked for the home or
 * the shell, which libraries do as they load: they are told what container engines and login(1) set in such a case.
 */
function standInForAccount() {
  const { env } = process;
  if (fails(homedir)) env.HOME = '/';
  if (env.SHELL === undefined && fails(userInfo)) env.SHELL = '/bin/sh';
}

function fails(ask) {
  try {
    ask();
    return false;
  } catch {
    return true;
  }
}
