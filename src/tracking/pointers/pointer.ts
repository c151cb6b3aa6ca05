import { z } from 'zod';
import { isContentId, type ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { parseYamlFile } from '../../base/yaml-file.js';
import { checkYaml } from '../../base/yaml-schema.js';
import type { Snapshot } from '../workspace-files.js';
import { importSourceLines, importSourceSchema, plainSource } from './import-source.js';

/** A pointer stands beside what it points to: `data/raw.ocr` for `data/raw`. */
export const POINTER_SUFFIX = '.ocr';

/** The stage whose output a path is, if it is one. */
export type MakerOf = (path: RepoPath) => string | undefined;

/** A longer file is no pointer. */
export const MAX_POINTER_BYTES = 64 * 1024;

const POINTER_VERSION = 1;

const count = z.int().min(0);
const id = z.string().refine(isContentId, 'a content id has 64 lower-case hex digits');
const common = {
  version: z.literal(POINTER_VERSION),
  id,
  size: count,
  source: importSourceSchema.optional(),
};
const schema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('directory'), files: count }),
  z.strictObject({ ...common, kind: z.literal('file'), executable: z.boolean().optional() }),
]);

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

/**
 * Reads the text of a pointer. Throws `broken-pointer`, or `conflict-markers`, with the place and exit code 2; an unknown
 * key or version is refused, never guessed. `file` names it in errors, `mend` says there what to do about a broken one.
 */
export function parsePointer(
  text: string,
  file: string,
  mend: () => string = () => mendHint(file),
): Snapshot {
  const plain = plainPointer(text);
  if (plain !== undefined) return plain;
  try {
    return toSnapshot(
      checkYaml(parseYamlFile(text, file, { anchors: false, maxBytes: MAX_POINTER_BYTES }), schema),
    );
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code === 'conflict-markers') throw error;
    throw userError('broken-pointer', `${error.message}; the pointer cannot be used`, {
      cause: error,
      hint: nearKey(error) + mend(),
      ...(error.location && { location: error.location }),
    });
  }
}

const PLAIN =
  /^version: 1\nid: ([0-9a-f]{64})\nkind: (?:file\nsize: (\d{1,15})\n(executable: true\n)?|directory\nsize: (\d{1,15})\nfiles: (\d{1,15})\n)$/;

/** What the text says if it is as `pointerText` writes it, which nearly all are: a fiftieth of the cost of reading YAML. */
function plainPointer(text: string): Snapshot | undefined {
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

function nearKey({ code, hint }: OcrpipeError): string {
  return code === 'unknown-key' && hint !== undefined ? `${hint} ` : '';
}

/** What to do about a broken pointer: that of an output is written by the stage that makes it. */
export function mendHint(file: string, maker?: string): string {
  const path = file.slice(0, -POINTER_SUFFIX.length);
  const anew =
    maker === undefined
      ? `write a new one with 'ocrpipe add ${shellQuote(path)}'`
      : `delete it and have a new one written with 'ocrpipe repro ${maker}'`;
  return `Take it from git again with 'git checkout -- ${shellQuote(file)}', or ${anew}.`;
}

function toSnapshot(pointer: z.infer<typeof schema>): Snapshot {
  const { id, kind, size } = pointer;
  const source = pointer.source && { source: plainSource(pointer.source) };
  if (kind === 'directory') return { id, kind, size, files: pointer.files, ...source };
  return { id, kind, size, ...(pointer.executable === true && { executable: true }), ...source };
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
