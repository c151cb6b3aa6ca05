import { z } from 'zod';
import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import { contentIdOf, isContentId, type ContentId } from '../../base/content-id.js';
import { repoPath, type RepoPath } from '../../base/paths.js';
import type { LockedPath, StageInputs } from './signature.js';
import { signatureInput } from './signature.js';

const RECORD_VERSION = 1;

/** What went into a run and what came out. `key`: SHA-256 of the canonical JSON of its input part. */
export interface RunRecord {
  readonly key: ContentId;
  readonly outs: readonly LockedPath[];
}

/** A run as the store keeps it: no times, no machine, no user. */
export function runRecordValue(inputs: StageInputs, outs: readonly LockedPath[]): JsonValue {
  return {
    version: RECORD_VERSION,
    input: signatureInput(inputs),
    outs: outs.map(({ path, id, kind, size, files, executable }) => ({
      path,
      id,
      kind,
      size,
      ...(files !== undefined && { files }),
      ...(executable === true && { executable }),
    })),
  };
}

const recordSchema = z.strictObject({
  version: z.literal(RECORD_VERSION),
  // As it stands: a record of zod would leave out the key '__proto__'.
  input: z.custom<JsonValue>((value) => value !== undefined),
  outs: z.array(
    z.strictObject({
      path: z.string().refine((path) => repoPath(path) === path),
      id: z.string().refine(isContentId),
      kind: z.enum(['file', 'directory']),
      size: z.number().int().nonnegative(),
      files: z.number().int().nonnegative().optional(),
      executable: z.boolean().optional(),
    }),
  ),
});

/**
 * A record as it was written, or undefined for anything else: records may come from a shared store, and one that cannot be
 * used is the same as none. Paths that leave the workspace make it unusable.
 */
export function parseRunRecord(value: JsonValue): RunRecord | undefined {
  try {
    const parsed = recordSchema.safeParse(value);
    if (!parsed.success) return undefined;
    const outs = parsed.data.outs.map(({ files, executable, ...out }): LockedPath => ({
      ...out,
      path: out.path as RepoPath,
      id: out.id,
      ...(files !== undefined && { files }),
      ...(executable !== undefined && { executable }),
    }));
    return { key: contentIdOf(canonicalJson(parsed.data.input)), outs };
  } catch {
    return undefined;
  }
}

/** The outputs of a record in the order that was declared; undefined if it does not have exactly these. */
export function outputsOf(record: RunRecord, inputs: StageInputs): readonly LockedPath[] | undefined {
  const byPath = new Map(record.outs.map((out) => [out.path, out]));
  const outs = inputs.outs.map((declared) => byPath.get(declared.path));
  const found = outs.filter((out) => out !== undefined);
  return found.length === inputs.outs.length && found.length === record.outs.length ? found : undefined;
}
