#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';

const argv = process.argv.slice(2);

// Node's own warnings (experimental features, deprecations inside dependencies) are not for users.
process.removeAllListeners('warning');
if (process.env.OCRPIPE_DEBUG === '1') process.on('warning', (warning) => console.error(warning.stack));

if (argv[0] === '--version' || argv[0] === '-v') {
  // Answered before anything is loaded: scripts and editors ask this often.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`ocrpipe/${version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  // Node 22 and newer keep compiled code between runs: a third of the time to start.
  module.enableCompileCache?.();
  const { main } = await import('../dist/cli/main.js');
  await main(argv, new URL('..', import.meta.url));
}
