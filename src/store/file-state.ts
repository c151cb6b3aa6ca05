import type { BigIntStats } from 'node:fs';

/** What is another text once somebody wrote to a file, replaced it or changed its mode. */
export function fileState({ ino, size, mtimeNs, ctimeNs, mode }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs, mode].join(' ');
}
