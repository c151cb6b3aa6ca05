/** Label Studio's address of a file on its own disk; the path is the parameter `d`. */
const LOCAL_FILE = /^(?:https?:\/\/[^/]+)?\/data\/local-files\/?\?d=(?<path>.*)$/i;
const SCHEME = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\//i;
/** Only these are percent-encoded and have a query; the keys of `s3://`, `gs://` and the like are taken as they are. */
const WEB = new Set(['http', 'https', 'file']);

/**
 * The paths that a reference to an image may mean, the likelier first, '/'-separated. A plain path means itself, and
 * with its backslashes as '/'. Of `scheme://` the rest counts; web addresses without query, percent signs also decoded.
 */
export function imagePaths(reference: string): string[] {
  const local = LOCAL_FILE.exec(reference)?.groups?.['path'];
  if (local !== undefined) return [decoded(local)];
  const scheme = SCHEME.exec(reference)?.groups?.['scheme'];
  if (scheme === undefined && !reference.startsWith('/data/upload/')) {
    return different([reference, reference.replaceAll('\\', '/')]);
  }
  const rest = reference.replace(SCHEME, '');
  if (scheme !== undefined && !WEB.has(scheme.toLowerCase())) return [rest];
  const path = rest.replace(/[?#].*$/, '');
  return different([...(scheme === undefined ? [reference] : []), path, decoded(path)]);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function different(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
