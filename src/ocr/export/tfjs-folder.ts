import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { OutputFile } from '../../base/outputs.js';
import { packageRoot } from '../../base/package-root.js';
import { TFJS_GRAPH, TFJS_READER } from '../models/model-files.js';
import type { TfjsFiles } from './tfjs.js';

/** The graph of a folder and its reader; they must be ours, should there be any. */
export function tfjsOutputs(flag: string, folder: string): OutputFile[] {
  return [TFJS_GRAPH, TFJS_READER].map(({ name, head }) => ({
    flag,
    path: join(folder, name),
    kind: { what: 'exported model', owns: (found) => found.startsWith(head) },
  }));
}

/**
 * Writes what TensorFlow.js needs into a model folder that has the weights which `model` names: the graph's numbers, `reader.js`, the module that reads images with
 * them, and `model.json`, last, so that at every moment it names files that are whole. Gives the names, and the bytes of the graph.
 */
export function writeTfjsFiles(
  folder: string,
  { model, numbers }: TfjsFiles,
): { names: string[]; bytes: number } {
  const reader = readFileSync(join(packageRoot(), 'browser', TFJS_READER.name));
  const graph = JSON.stringify(model);
  writeFileAtomic(join(folder, numbers.name), numbers.bytes);
  writeFileAtomic(join(folder, TFJS_READER.name), reader);
  writeFileAtomic(join(folder, TFJS_GRAPH.name), graph);
  const names = [numbers.name, TFJS_READER.name, TFJS_GRAPH.name];
  return { names, bytes: numbers.bytes.length + Buffer.byteLength(graph) };
}
