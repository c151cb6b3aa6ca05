import { chmodSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { packageRoot } from '../../base/package-root.js';
import type { AbsPath } from '../../base/paths.js';
import { machineName } from '../../tracking/machine-name.js';
import { shellQuote } from '../../base/shell-quote.js';

/**
 * A PATH whose first `ocrpipe` is this installation, run by this Node, whatever else is installed. The small script that
 * it leads to stands with what this machine remembers of the workspace.
 */
export function pathWithOcrpipe(stateFolder: AbsPath): string {
  return [ocrpipeFolder(stateFolder), process.env['PATH'] ?? ''].join(delimiter);
}

/** The folder of that script. */
export function ocrpipeFolder(stateFolder: AbsPath): string {
  const folder = join(stateFolder, 'index', machineName(), 'bin');
  const script = join(folder, 'ocrpipe');
  const entry = join(packageRoot(), 'bin', 'run.js');
  const text = `#!/bin/sh\nexec ${shellQuote(process.execPath)} ${shellQuote(entry)} "$@"\n`;
  if (readOrNothing(script) !== text) {
    writeFileAtomic(script, text, { mode: 0o755 });
    chmodSync(script, 0o755);
  }
  return folder;
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
