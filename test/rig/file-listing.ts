import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file below `folder` with a hash of its bytes, sorted: equal before and after is 'nothing changed'. What ocrpipe may
 * always write (its memory of this machine, temporary files, locks) and git's own files are left out.
 */
export function fileListing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^(\.git|\.ocrstore\/(index|tmp|locks))(\/|$)/.test(name))
    .filter((name) => !lstatSync(join(folder, name)).isDirectory())
    .map((name) => `${name} ${fingerprint(join(folder, name))}`)
    .sort();
}

function fingerprint(path: string): string {
  if (lstatSync(path).isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
