import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/package-root.js';

export interface VersionResult {
  version: string;
  platform: string;
  node: string;
}

/** Which ocrpipe this is and what it runs on. */
export function version(): VersionResult {
  const file = join(packageRoot(), 'package.json');
  const { version: own } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { version: own, platform: `${process.platform}-${process.arch}`, node: process.version };
}
