import { z } from 'zod';
import { refuseConflictMarkers, resolveHint } from '../../base/conflict-markers.js';
import { isContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { parseYamlFile } from '../../base/yaml-file.js';
import { checkYaml } from '../../base/yaml-schema.js';
import type { Snapshot } from '../workspace-files.js';
import { importSourceSchema, plainSource } from './import-source.js';
import { plainPointer, POINTER_SUFFIX, POINTER_VERSION } from './plain-pointer.js';

/** The stage whose output a path is, if it is one. */
export type MakerOf = (path: RepoPath) => string | undefined;

/** A longer file is no pointer. */
export const MAX_POINTER_BYTES = 64 * 1024;

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
  refuseConflictMarkers(text, file, resolveHint(file.slice(0, -POINTER_SUFFIX.length), file));
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
