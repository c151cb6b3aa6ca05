import { z } from 'zod';

/** An imported path: which commit of which repository it is from, and what is followed when it is updated. */
export interface RepositorySource {
  /** A URL, or a folder: a relative one starts at the workspace root. */
  repository: string;
  /** What was asked for, a branch or tag; absent where that is the HEAD of the repository. */
  rev?: string;
  /** The commit that the bytes are from. */
  commit: string;
  /** There, from the folder that is named. */
  path: string;
}

/** A file, or the objects of a folder of a bucket, that was downloaded, and what its server said of this version of it. */
export interface UrlSource {
  /** `https://…`, `http://…`, `s3://bucket/key`, or `s3://bucket/prefix/` of a folder of objects. */
  url: string;
  /** Of a folder of a bucket: the SHA-256 of what its listing says of each object. */
  etag?: string;
  /** Of an S3 object: what its bucket calls this version, if it keeps versions. */
  versionId?: string;
  /** That version was asked for, and no other is followed. */
  pinned?: boolean;
  /** The `Last-Modified` of HTTP, as it was sent. */
  modified?: string;
  /** Of an S3 object: the service that has it, if it is not AWS. */
  endpoint?: string;
  region?: string;
  /** Buckets are addressed as a path, or not; by the endpoint if absent. */
  pathStyle?: boolean;
  /** Everybody may read it: nothing is signed. */
  anonymous?: boolean;
}

export type ImportSource = RepositorySource | UrlSource;

const text = z.string().min(1);

export const importSourceSchema = z.union([
  z.strictObject({
    repository: text,
    rev: text.optional(),
    commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'a commit has its full name'),
    path: text,
  }),
  z.strictObject({
    url: text,
    etag: text.optional(),
    versionId: text.optional(),
    pinned: z.boolean().optional(),
    modified: text.optional(),
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    region: text.optional(),
    pathStyle: z.boolean().optional(),
    anonymous: z.boolean().optional(),
  }),
]);

/** The same without what is undefined. */
export function plainSource(parsed: z.infer<typeof importSourceSchema>): ImportSource {
  const given = Object.entries(parsed).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as ImportSource;
}
