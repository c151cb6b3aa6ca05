import { z } from 'zod';
import { isContentId, type ContentId } from '../../../base/content-id.js';
import { OcrpipeError } from '../../../base/errors.js';
import { repoPath, type RepoPath } from '../../../base/paths.js';
import { remoteSchema } from '../../../config/settings.js';
import type { Snapshot } from '../../../tracking/workspace-files.js';

/** What a job finds at a path before its commands begin. */
export type JobInput = { readonly path: RepoPath } & Readonly<Snapshot> & {
    /** Some files of the folder, to which others may come. */
    readonly part?: true;
    /** An output with `persist`: the commands may change it. */
    readonly persist?: true;
  };

/** What a job made at a path. */
export type JobOutput = { readonly path: RepoPath } & Readonly<Snapshot>;

const contentId = z.custom<ContentId>(isContentId, 'a content id');
const path = z
  .string()
  .min(1)
  .transform((text): RepoPath => repoPath(text));
const snapshot = {
  path,
  id: contentId,
  kind: z.enum(['file', 'directory']),
  size: z.number().int().nonnegative(),
  files: z.number().int().nonnegative().optional(),
  executable: z.boolean().optional(),
};

/** `job.json` of a job over a remote: all that a machine needs which has nothing but the remote. */
const descriptionSchema = z.object({
  version: z.literal(1),
  stage: z.string(),
  signature: contentId,
  input: z.object({ run: z.array(z.string()).min(1), wdir: path }),
  outs: z.array(z.object({ path })),
  environment: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
  timeoutSeconds: z.number().positive().optional(),
  inputs: z.array(
    z.object({ ...snapshot, part: z.literal(true).optional(), persist: z.literal(true).optional() }),
  ),
  remote: remoteSchema,
  /** Where on the remote its keys are. */
  key: z.string().regex(/^jobs\/[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/),
  project: z.string(),
  /** When it was made (ISO 8601, the remote's clock). */
  created: z.string(),
  /** The remote is not trusted to have what it lists: an earlier attempt met damage, or was lost. */
  verify: z.boolean(),
});

/** `result.json`: how the commands ended, and what they made; or what kept them from being run. */
const resultSchema = z.object({
  version: z.literal(1),
  /** Index of the last command that ran, and how it ended. */
  command: z.number().int().nonnegative().optional(),
  code: z.number().int().nullable().optional(),
  signal: z.string().nullable().optional(),
  timedOut: z.literal(true).optional(),
  outs: z.array(z.object(snapshot)).optional(),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional(), node: z.string() })
    .optional(),
});

export type RemoteDescription = z.infer<typeof descriptionSchema>;
export type RemoteResult = z.infer<typeof resultSchema>;

/** Throws `job-format` for what another version of ocrpipe, or nobody of it, wrote. */
export function parseDescription(bytes: Uint8Array, where: string): RemoteDescription {
  return parse(descriptionSchema, bytes, where);
}

/** Throws `job-format` likewise. */
export function parseResult(bytes: Uint8Array, where: string): RemoteResult {
  return parse(resultSchema, bytes, where);
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, where: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw new OcrpipeError('job-format', `${where} is not what this version of ocrpipe writes`, {
      hint: 'Use the same version of ocrpipe where stages are submitted and where they run.',
      cause: error,
    });
  }
}
