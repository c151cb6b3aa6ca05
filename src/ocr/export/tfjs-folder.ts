import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { OutputFile } from '../../base/outputs.js';
import { packageRoot } from '../../base/package-root.js';
import { writePoint } from '../../base/write-points.js';
import type { TfjsFiles } from './tfjs.js';

const MODEL_FILE = 'model.json';
const READER_FILE = 'reader.js';
const SHARD = /^weights-[0-9a-f]{12}-\d+of\d+\.bin$/;

/** The file that is replaced last; it must be one of ours, should there be one. */
export function tfjsModelFile(flag: string, folder: string): OutputFile {
  const owns = (head: string): boolean => head.startsWith('{"format":"graph-model","generatedBy":"ocrpipe"');
  return { flag, path: join(folder, MODEL_FILE), kind: { what: 'exported model', owns } };
}

/** True for a name in a folder where a model may be exported to: one of ours, or any beside an exported model that is there. */
export function isTfjsFile(folder: string, name: string): boolean {
  return SHARD.test(name) || name === READER_FILE || existsSync(join(folder, MODEL_FILE));
}

/**
 * Writes `model.json`, the weights that it names and `reader.js`, the module that reads images with them. Weights are named
 * by their content and written first: at every moment `model.json` names weights that are whole.
 */
export function writeTfjsFolder(folder: string, { model, shards }: TfjsFiles): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of shards) writeFileAtomic(join(folder, name), bytes);
  writeFileAtomic(join(folder, READER_FILE), readFileSync(join(packageRoot(), 'browser', READER_FILE)));
  writeFileAtomic(join(folder, MODEL_FILE), JSON.stringify(model));
  removeOtherShards(folder, new Set(shards.map(({ name }) => name)));
}

function removeOtherShards(folder: string, keep: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (keep.has(name) || !SHARD.test(name)) continue;
    writePoint();
    rmSync(join(folder, name), { force: true });
  }
}
