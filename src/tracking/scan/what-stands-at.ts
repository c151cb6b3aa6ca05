import type { Stats } from 'node:fs';
import { joinBytes } from '../byte-path.js';
import type { IgnoreRules } from '../ignore/ignore-rules.js';
import { looksLikePointer } from '../pointers/pointer-file.js';
import { notTrackable } from './look.js';
import type { Seen } from './look-in-folder.js';
import { seenAs, type Place, type ScannerParts } from './scanned.js';

/** What stands at a name; undefined if nothing does any more, or a pointer, which is no part of the data. Throws `not-trackable`. */
export function whatStandsAt(
  { path }: Place,
  { seen, rules }: { seen: Seen; rules: IgnoreRules },
  parts: Pick<ScannerParts, 'root' | 'sink' | 'storeLinks' | 'times'>,
): Stats | 'file' | 'ignored' | undefined {
  const ignores = (isFolder: boolean) => !rules.empty && rules.ignores(path, isFolder);
  if (seen === 'file') return ignores(false) ? 'ignored' : seen;
  const absolute = joinBytes(parts.root, path);
  const stat = seenAs(absolute, seen, parts);
  if (stat === undefined) return undefined;
  if (ignores(stat.isDirectory())) return 'ignored';
  if (stat.isFile()) {
    if (!looksLikePointer(absolute, stat.size)) return stat;
    parts.sink.pointer?.(path);
    return undefined;
  }
  if (stat.isSymbolicLink()) parts.sink.link?.();
  if (stat.isDirectory() || stat.isSymbolicLink()) return stat;
  throw notTrackable(path, stat);
}
