import { homedir } from 'node:os';
import { join } from 'node:path';
import { absPath, type AbsPath } from '../../base/paths.js';

/** Where this user keeps what can be fetched again: `$XDG_CACHE_HOME/ocrpipe`, or `~/.cache/ocrpipe`. */
export function userCache(): AbsPath {
  const chosen = process.env['XDG_CACHE_HOME'];
  return absPath(join(chosen ? chosen : join(homedir(), '.cache'), 'ocrpipe'));
}
