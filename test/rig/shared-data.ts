import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Real OCR data that stands beside a checkout of the project on some machines; the repository holds none of it. */
const SHARED_DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Why a test of the shared data was skipped: the title of its skip, so that it is printed. */
export const NO_SHARED_DATA = 'needs the data set of ../shared/data, which is not on this machine';

/** The folder of one shared data set ('plates', 'fraktur', 'formats'), or undefined where it is absent. */
export function sharedData(name: string): string | undefined {
  const folder = join(SHARED_DATA, name);
  return existsSync(folder) ? folder : undefined;
}
