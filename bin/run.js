#!/usr/bin/env node
'use strict';
const fs = require('node:fs');
const { homedir, userInfo } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const v8 = require('node:v8');
const { CompiledCode, nameOf } = require('./compiled-code.js');

const argv = process.argv.slice(2);

// Node's own warnings (experimental features, deprecations inside dependencies) are not for users.
process.removeAllListeners('warning');
if (process.env.OCRPIPE_DEBUG === '1') process.on('warning', (warning) => console.error(warning.stack));

run();

async function run() {
  if (argv[0] === '--version' || argv[0] === '-v') {
    await tellVersion();
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
    await main(argv, pathToFileURL(join(__dirname, '../')));
  }
}

/** Answered before anything is loaded: scripts and editors ask this often. */
async function tellVersion() {
  const { version } = JSON.parse(fs.readFileSync(join(__dirname, '../package.json'), 'utf8'));
  const { watchOutput } = require('../dist/cli/output.cjs');
  const output = watchOutput();
  process.stdout.write(`ocrpipe/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
  await output.finished();
  const failure = output.failure();
  if (failure) {
    require('../dist/cli/output-failure.cjs').reportOutputFailure(failure);
    process.exitCode = 1;
  }
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
