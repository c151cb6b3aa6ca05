import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { parseYamlFile } from '../base/yaml-file.js';
import { checkYaml } from '../base/yaml-schema.js';
import { fsPath, type BytePath } from './byte-path.js';
import type { Snapshot } from './workspace-files.js';

/** A pointer stands beside what it points to: `data/raw.ocr` for `data/raw`. */
const POINTER_SUFFIX = '.ocr';

/** A longer file is no pointer. */
const MAX_POINTER_BYTES = 64 * 1024;

const POINTER_VERSION = 1;

const count = z.int().min(0);
const id = z.string().refine(isContentId, 'a content id has 64 lower-case hex digits');
const common = { version: z.literal(POINTER_VERSION), id, size: count };
const schema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('directory'), files: count }),
  z.strictObject({ ...common, kind: z.literal('file'), executable: z.boolean().optional() }),
]);

export function pointerPathOf(path: RepoPath): RepoPath {
  return `${path}${POINTER_SUFFIX}` as RepoPath;
}

/** What the pointer at `pointerPath` points to; undefined if the name is not that of a pointer. */
export function pathOfPointer(pointerPath: RepoPath): RepoPath | undefined {
  const path = pointerPath.slice(0, -POINTER_SUFFIX.length);
  const named = pointerPath.endsWith(POINTER_SUFFIX) && path !== '' && !path.endsWith('/');
  return named ? (path as RepoPath) : undefined;
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
  return `${lines.join('\n')}\n`;
}

/**
 * Reads the text of a pointer. Throws `broken-pointer`, or `conflict-markers`, with the place and exit code 2; an unknown
 * key or version is refused, never guessed. `file` names it in errors.
 */
export function parsePointer(text: string, file: string): Snapshot {
  try {
    return toSnapshot(
      checkYaml(parseYamlFile(text, file, { anchors: false, maxBytes: MAX_POINTER_BYTES }), schema),
    );
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code === 'conflict-markers') throw error;
    throw userError('broken-pointer', `the pointer cannot be used: ${error.message}`, {
      cause: error,
      hint: brokenHint(file, error),
      ...(error.location && { location: error.location }),
    });
  }
}

function brokenHint(file: string, error: OcrpipeError): string {
  const near = error.code === 'unknown-key' && error.hint !== undefined ? `${error.hint} ` : '';
  const path = file.slice(0, -POINTER_SUFFIX.length);
  return `${near}Take it from git again with 'git checkout -- ${file}', or write a new one with 'ocrpipe add ${path}'.`;
}

function toSnapshot(pointer: z.infer<typeof schema>): Snapshot {
  const { id, kind, size } = pointer;
  if (kind === 'directory') return { id, kind, size, files: pointer.files };
  return pointer.executable === true ? { id, kind, size, executable: true } : { id, kind, size };
}

/** The pointer of exactly `path`; undefined if there is none. Throws like `parsePointer`. */
export function readPointer(root: AbsPath, path: RepoPath): Snapshot | undefined {
  const file = pointerPathOf(path);
  const absolute = join(root, file);
  try {
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile()) throw notPointer(file, 'it is no regular file');
    if (stat.size > MAX_POINTER_BYTES) throw notPointer(file, `it is ${stat.size} bytes long`);
    return parsePointer(readFileSync(absolute, 'utf8'), file);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function notPointer(file: string, reason: string): OcrpipeError {
  return userError('broken-pointer', `${file} has the name of a pointer and is none: ${reason}`, {
    location: { file },
    hint: `Names that end in '${POINTER_SUFFIX}' belong to pointers: rename it, or take the pointer from git again.`,
  });
}

/**
 * True if the file is a pointer, told from how it begins: directories are tracked without the pointers in them, while other
 * files may end in `.ocr` and are data.
 */
export function looksLikePointer(path: BytePath, size: number): boolean {
  if (!path.endsWith(POINTER_SUFFIX) || size > MAX_POINTER_BYTES) return false;
  try {
    return /^version: \d+\nid: [0-9a-f]{64}\nkind: /.test(readFileSync(fsPath(path), 'latin1'));
  } catch {
    return false;
  }
}

/** True if two snapshots stand for the same bytes at the same path. */
export function sameSnapshot(a: Snapshot | undefined, b: Snapshot | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.id === b.id && a.kind === b.kind && (a.executable ?? false) === (b.executable ?? false);
}
