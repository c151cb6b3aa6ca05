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

/** A file that was downloaded, and what its server said of this version of it. */
export interface UrlSource {
  /** `https://…` or `http://…`. */
  url: string;
  etag?: string;
  /** The `Last-Modified` of HTTP, as it was sent. */
  modified?: string;
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
  z.strictObject({ url: text, etag: text.optional(), modified: text.optional() }),
]);

/** The lines of a source in a pointer: texts in quotes, as JSON and YAML both have them. */
export function importSourceLines(source: ImportSource): string[] {
  const named: [string, string | undefined][] =
    'repository' in source
      ? [
          ['repository', source.repository],
          ['rev', source.rev],
          ['commit', source.commit],
          ['path', source.path],
        ]
      : [
          ['url', source.url],
          ['etag', source.etag],
          ['modified', source.modified],
        ];
  const given = named.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return ['source:', ...given.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)];
}

/** The same without what is undefined. */
export function plainSource(parsed: z.infer<typeof importSourceSchema>): ImportSource {
  if ('repository' in parsed) {
    const { rev, ...rest } = parsed;
    return { ...rest, ...(rev !== undefined && { rev }) };
  }
  const { url, etag, modified } = parsed;
  return { url, ...(etag !== undefined && { etag }), ...(modified !== undefined && { modified }) };
}
