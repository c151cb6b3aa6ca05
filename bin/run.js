#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { homedir, userInfo } from 'node:os';
import v8 from 'node:v8';

const argv = process.argv.slice(2);

// Node's own warnings (experimental features, deprecations inside dependencies) are not for users.
process.removeAllListeners('warning');
if (process.env.OCRPIPE_DEBUG === '1') process.on('warning', (warning) => console.error(warning.stack));

if (argv[0] === '--version' || argv[0] === '-v') {
  // Answered before anything is loaded: scripts and editors ask this often.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { watchOutput } = await import('../dist/cli/output.js');
  const output = watchOutput();
  process.stdout.write(`ocrpipe/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
  await output.finished();
  const failure = output.failure();
  if (failure) {
    const { reportOutputFailure } = await import('../dist/cli/output-failure.js');
    reportOutputFailure(failure);
    process.exitCode = 1;
  }
} else if (argv[0] === '__complete') {
  // A shell asks at each press of a key: see `ocrpipe completion`.
  const { complete } = await import('../dist/cli/complete.js');
  complete(argv.slice(1));
} else if (argv[0] === 'git-merge') {
  // Git starts this once for each file that a merge changed on both sides.
  module.enableCompileCache?.();
  const { mergeDriver } = await import('../dist/cli/merge-driver.js');
  process.exitCode = await mergeDriver(argv.slice(1));
} else {
  // Left alone, V8 lets garbage grow to several times what is alive before it looks for any: 60 MB more at 200,000 files, for
  // no gain in time. The flag is named nowhere but in V8, so it is set only where it was tried.
  if (Number.parseInt(process.versions.node, 10) <= 24) v8.setFlagsFromString('--heap-growing-percent=50');
  // Node 22 and newer keep compiled code between runs: a third of the time to start.
  module.enableCompileCache?.();
  standInForAccount();
  const { main } = await import('../dist/cli/main.js');
  await main(argv, new URL('..', import.meta.url));
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
