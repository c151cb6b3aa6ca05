import { chmodSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { AbsPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';

/** Where the binary of this very installation stands, seen from here and from the built file alike. */
const ENTRY = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

/**
 * A PATH whose first `ocrpipe` is this installation, run by this Node, whatever else is installed. The small script that
 * it leads to stands in the workspace's temporary folder.
 */
export function pathWithOcrpipe(stateFolder: AbsPath): string {
  const folder = join(stateFolder, 'tmp', 'bin');
  const script = join(folder, 'ocrpipe');
  const text = `#!/bin/sh\nexec ${shellQuote(process.execPath)} ${shellQuote(ENTRY)} "$@"\n`;
  if (readOrNothing(script) !== text) {
    writeFileAtomic(script, text, { mode: 0o755 });
    chmodSync(script, 0o755);
  }
  return [folder, process.env['PATH'] ?? ''].join(delimiter);
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
