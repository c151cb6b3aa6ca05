import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { contentIdOf } from '../../src/base/content-id.js';

/** Every name below a folder (as bytes), its kind, executable bit and content, sorted. */
export function listing(folder: string | Buffer): string[] {
  const top = Buffer.from(folder);
  return readdirSync(top, 'latin1')
    .sort()
    .flatMap((name) => {
      const path = Buffer.concat([top, Buffer.from('/'), Buffer.from(name, 'latin1')]);
      const stat = lstatSync(path);
      if (stat.isDirectory()) return [`${name}/`, ...listing(path).map((below) => `${name}/${below}`)];
      if (stat.isSymbolicLink()) return [`${name} -> ${readlinkSync(path, 'latin1')}`];
      return [`${name} ${(stat.mode & 0o100) === 0 ? '' : 'x'} ${contentIdOf(readFileSync(path))}`];
    });
}
