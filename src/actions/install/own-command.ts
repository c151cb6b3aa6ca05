import { join } from 'node:path';
import { packageRoot } from '../../base/package-root.js';

/** What a shell of git's runs: this installation by this Node, else any `ocrpipe` on the PATH, else what stands in for it. */
export function ownCommand(words: string, otherwise: string): string {
  const [node, program] = [process.execPath, join(packageRoot(), 'bin', 'run.js')].map(quoted);
  return `if [ -x ${node} ] && [ -f ${program} ]; then ${node} ${program} ${words}; elif command -v ocrpipe >/dev/null 2>&1; then ocrpipe ${words}; else ${otherwise}; fi`;
}

/** For a POSIX shell, always in quotes. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
