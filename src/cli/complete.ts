import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/package-root.js';
import { completions, type CommandTable } from './completions.js';

/** What the scripts of `ocrpipe completion` ask: one completion a line. It says nothing of what goes wrong: somebody is typing. */
export function complete(argv: readonly string[]): void {
  const words = argv[0] === '--' ? argv.slice(1) : argv;
  try {
    const manifest = readFileSync(join(packageRoot(), 'oclif.manifest.json'), 'utf8');
    const found = completions(words, JSON.parse(manifest) as CommandTable, process.cwd());
    if (found.length > 0) process.stdout.write(`${found.join('\n')}\n`);
  } catch {
    process.exitCode = 1;
  }
}
