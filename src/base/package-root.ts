import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AbsPath } from './paths.js';

/** The folder of this very installation of ocrpipe, seen from a source file and from wherever the build put it alike. */
export function packageRoot(): AbsPath {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder as AbsPath;
}

/** The program of a thread, which the build makes of `<name>.ts`. */
export function threadProgram(name: string): AbsPath {
  return builtFile(`threads/${name}.cjs`);
}

/** A file that the build makes, by its path in `dist/`. */
export function builtFile(path: string): AbsPath {
  return join(packageRoot(), 'dist', path) as AbsPath;
}
