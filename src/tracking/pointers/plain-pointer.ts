import type { ContentId } from '../../base/content-id.js';
import type { RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../workspace-files.js';
import { importSourceLines } from './import-source-lines.js';

/** A pointer stands beside what it points to: `data/raw.ocr` for `data/raw`. */
export const POINTER_SUFFIX = '.ocr';

export const POINTER_VERSION = 1;

/** What belongs to git and ocrpipe is never what a pointer points to, nor the folder that it is in, nor the one around. */
const NEVER_NAMED: ReadonlySet<string> = new Set(['.git', '.ocrstore', '.', '..']);

export function pointerPathOf(path: RepoPath): RepoPath {
  return `${path}${POINTER_SUFFIX}` as RepoPath;
}

/** What the pointer at `pointerPath` points to; undefined if the name is not that of a pointer. */
export function pathOfPointer(pointerPath: RepoPath): RepoPath | undefined {
  const path = pointerPath.slice(0, -POINTER_SUFFIX.length);
  const named = pointerPath.endsWith(POINTER_SUFFIX) && path !== '' && !path.endsWith('/');
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return named && !NEVER_NAMED.has(name) ? (path as RepoPath) : undefined;
}

/** The text of a pointer: the same for the same snapshot on every machine. */
export function pointerText(snapshot: Snapshot): string {
  const lines = [
    `version: ${POINTER_VERSION}`,
    `id: ${snapshot.id}`,
    `kind: ${snapshot.kind}`,
    `size: ${snapshot.size}`,
  ];
  if (snapshot.kind === 'directory') lines.push(`files: ${snapshot.files ?? 0}`);
  else if (snapshot.executable === true) lines.push('executable: true');
  if (snapshot.source) lines.push(...importSourceLines(snapshot.source));
  return `${lines.join('\n')}\n`;
}

const PLAIN =
  /^version: 1\nid: ([0-9a-f]{64})\nkind: (?:file\nsize: (\d{1,15})\n(executable: true\n)?|directory\nsize: (\d{1,15})\nfiles: (\d{1,15})\n)$/;

/** What the text says if it is as `pointerText` writes it, which nearly all are: a fiftieth of the cost of reading YAML. */
export function plainPointer(text: string): Snapshot | undefined {
  const match = PLAIN.exec(text);
  if (!match) return undefined;
  const [, id, fileSize, executable, folderSize, files] = match;
  const snapshot: Snapshot =
    fileSize === undefined
      ? { id: id as ContentId, kind: 'directory', size: Number(folderSize), files: Number(files) }
      : {
          id: id as ContentId,
          kind: 'file',
          size: Number(fileSize),
          ...(executable && { executable: true }),
        };
  // Another way to write a number is left to who reads YAML.
  return pointerText(snapshot) === text ? snapshot : undefined;
}

/**
 * True if a file named like a pointer is one, sound or broken, told from its first line that says anything: `version:`, or the
 * mark of a git merge. Other files may end in `.ocr` and are data, a recognised text for instance.
 */
export function isPointerText(text: string): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#[^\n]*)?\r?\n|---[^\n]*\n)*(?:version[ \t]*:|<{7} )/.test(text);
}

/** What a pointer is to say of a path: bytes that are still those of an import keep where they are from. */
export function keepingSource(before: Snapshot | undefined, snapshot: Snapshot): Snapshot {
  if (snapshot.source !== undefined || before?.source === undefined) return snapshot;
  return sameSnapshot(before, snapshot) ? { ...snapshot, source: before.source } : snapshot;
}

/** True if two snapshots stand for the same bytes at the same path. */
export function sameSnapshot(a: Snapshot | undefined, b: Snapshot | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.id === b.id && a.kind === b.kind && (a.executable ?? false) === (b.executable ?? false);
}
