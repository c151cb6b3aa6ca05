import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../base/package-root.js';

/** A folder for packages of a user: `$XDG_DATA_HOME/ocrpipe/backends`. */
export function userBackendFolder(env: NodeJS.ProcessEnv = process.env): string {
  const dataHome = env['XDG_DATA_HOME'];
  return join(dataHome ? dataHome : join(homedir(), '.local', 'share'), 'ocrpipe', 'backends');
}

/**
 * Where packages that are no dependency of ocrpipe are looked for, in order: the folder that `variable` names, the project in
 * the working folder, ocrpipe's own installation, the user's folder of backends.
 */
export function backendSearchFolders(variable: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const named = env[variable];
  return [...(named ? [named] : []), process.cwd(), packageRoot(), userBackendFolder(env)];
}

/** The file that a package is loaded from, in the first of the folders whose `node_modules` has it. */
export function findPackage(packageName: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    try {
      return createRequire(join(folder, 'resolve.js')).resolve(packageName);
    } catch {
      // Not in this folder: the next one may have it; the caller reports where was looked when none has.
    }
  }
  return undefined;
}

/** What an error says, in one line. */
export function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
