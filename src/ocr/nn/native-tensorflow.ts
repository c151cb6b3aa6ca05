import { createRequire } from 'node:module';
import util from 'node:util';
import { enableProdMode } from '@tensorflow/tfjs-core';
import { backendSearchFolders, findPackage, firstLineOf } from './optional-packages.js';

/** Names the folder whose `node_modules` holds tfjs-node-gpu or tfjs-node; looked at before any other place. */
export const NATIVE_FOLDER_VARIABLE = 'OCRPIPE_TENSORFLOW_DIR';

/** The npm packages that carry native TensorFlow, best first. */
export const NATIVE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
export type NativePackage = (typeof NATIVE_PACKAGES)[number];

/** What happened when native TensorFlow was looked for. */
export type NativeTensorflow =
  | { loaded: true; packageName: NativePackage; folder: string; gpu: boolean }
  | { loaded: false; reasons: string[] };

/** What this process needs of the module that tfjs-node exports. */
interface NativeModule {
  node?: unknown;
}

/** tfjs-node 4.22 calls two helpers that Node 22 warns of and Node 23 removed: ours must stand there before its first op. */
function replaceOldUtilities(): void {
  const helpers = util as unknown as Record<string, unknown>;
  helpers['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  helpers['isArray'] = (value: unknown) => Array.isArray(value);
}

/**
 * Loads the first native TensorFlow package that works, which registers the tfjs backend `tensorflow`.
 * Never throws: a package that is absent or broken is a reason in the answer.
 */
export function loadNativeTensorflow(env: NodeJS.ProcessEnv = process.env): NativeTensorflow {
  const folders = backendSearchFolders(NATIVE_FOLDER_VARIABLE, env);
  const reasons: string[] = [];
  for (const packageName of NATIVE_PACKAGES) {
    const entry = findPackage(packageName, folders);
    if (entry === undefined) {
      reasons.push(`${packageName} is not installed`);
      continue;
    }
    try {
      replaceOldUtilities();
      // Before it loads, or it tells users that it replaces the platform.
      enableProdMode();
      process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
      const loaded = createRequire(entry)(entry) as NativeModule;
      if (loaded.node === undefined) throw new Error('it does not export its native binding');
      return { loaded: true, packageName, folder: entry, gpu: packageName.endsWith('-gpu') };
    } catch (error) {
      reasons.push(`${packageName} (${entry}) does not load: ${firstLineOf(error)}`);
    }
  }
  return { loaded: false, reasons };
}
