import type { ImportSource, UrlSource } from './import-source.js';

const OF_REPOSITORIES = ['repository', 'rev', 'commit', 'path'] as const;
const OF_URLS = [
  ...['url', 'etag', 'versionId', 'pinned', 'modified'],
  ...['endpoint', 'region', 'pathStyle', 'anonymous'],
] as readonly (keyof UrlSource)[];

/** The lines of a source in a pointer: texts in quotes, as JSON and YAML both have them. */
export function importSourceLines(source: ImportSource): string[] {
  const named: readonly (readonly [string, string | boolean | undefined])[] =
    'repository' in source
      ? OF_REPOSITORIES.map((key) => [key, source[key]])
      : OF_URLS.map((key) => [key, source[key]]);
  const given = named.filter(([, value]) => value !== undefined);
  return ['source:', ...given.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)];
}
