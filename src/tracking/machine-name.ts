import { hostname } from 'node:os';

/** The name of a folder: machines that share a workspace keep their memories of it apart. */
export function machineName(): string {
  return (
    hostname()
      .replaceAll(/[^\w.-]/g, '_')
      .replace(/^\.+/, '') || 'machine'
  );
}
