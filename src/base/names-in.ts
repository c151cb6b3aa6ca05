import { readdirSync } from 'node:fs';
import { systemErrorCode } from './errors.js';

/** The names in a folder; none where there is no folder. What else keeps it from being read is thrown. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
