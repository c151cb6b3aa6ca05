import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { readSettings } from '../config/read-settings.js';
import { findWorkTree } from '../git/find-work-tree.js';
import { gitSetup } from '../git/git-setup.js';
import { gitVersion } from '../git/git-version.js';
import { findWorkspace, STATE_FOLDER } from '../project/find-workspace.js';
import { installedHooks } from './install/hooks.js';
import { driversState } from './install/merge-drivers.js';

/** `missing` is something optional that is not there; `failed` keeps ocrpipe from working. */
export interface Check {
  name: string;
  state: 'ok' | 'missing' | 'failed';
  details: string;
  hint?: string;
}

export interface DoctorResult {
  checks: Check[];
}

/** Looks at everything on this machine that ocrpipe stands on, and tries each tensor backend. Changes nothing. */
export async function doctor(call: Call): Promise<DoctorResult> {
  const checks = [
    nodeCheck(),
    await gitCheck(),
    workspaceCheck(call.cwd),
    ...(await mergeCheck(call.cwd)),
    await imagesCheck(),
  ];
  call.signal.throwIfAborted();
  return { checks: [...checks, ...(await backendChecks())] };
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 20);
  return recent
    ? { name: 'node', state: 'ok', details: process.version }
    : { name: 'node', state: 'failed', details: process.version, hint: 'ocrpipe needs Node 20.20 or newer.' };
}

async function gitCheck(): Promise<Check> {
  const version = await gitVersion();
  return version === undefined
    ? { name: 'git', state: 'failed', details: 'not found on the PATH', hint: 'Install git.' }
    : { name: 'git', state: 'ok', details: version };
}

function workspaceCheck(cwd: AbsPath): Check {
  const name = 'workspace';
  try {
    const root = findWorkspace(cwd);
    readSettings(join(root, STATE_FOLDER) as AbsPath);
    accessSync(join(root, STATE_FOLDER), constants.W_OK);
    return { name, state: 'ok', details: root };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const none = error instanceof OcrpipeError && error.code === 'not-a-workspace';
    const hint = error instanceof OcrpipeError ? error.hint : 'Check who owns it.';
    return { name, state: none ? 'missing' : 'failed', details: error.message, ...(hint && { hint }) };
  }
}

/** Outside of a workspace in git there is nothing to tell. */
async function mergeCheck(cwd: AbsPath): Promise<Check[]> {
  const name = 'git merges';
  try {
    const root = findWorkspace(cwd);
    const workTree = findWorkTree(root);
    if (workTree === undefined) return [];
    const setup = gitSetup({ root, workTree });
    const [drivers, said] = [await driversState(setup), await setup.attributeOf('x.ocr', 'merge')];
    const hooks = installedHooks((await setup.hooks()).folder).map((hook) => hook.name);
    const isSet = drivers === 'installed' && said === 'ocrpipe-pointer';
    if (isSet) return [{ name, state: 'ok', details: ['merge drivers', ...hooks].join(', ') }];
    const details =
      drivers === 'other' ? 'the merge drivers are of another ocrpipe' : 'as text, line by line';
    return [{ name, state: 'missing', details, hint: MERGE_HINT }];
  } catch (error) {
    if (error instanceof OcrpipeError) return [];
    throw error;
  }
}

const MERGE_HINT =
  "Optional: with 'ocrpipe install' git merges pointers file by file, and pipeline.lock stage by stage.";

async function imagesCheck(): Promise<Check> {
  try {
    const { sharp } = await import('../ocr/images/sharp.js');
    const { sharp: version, vips } = sharp.versions;
    return { name: 'images', state: 'ok', details: `sharp ${version}, libvips ${vips}` };
  } catch (error) {
    const [details = ''] = String(error).split('\n');
    const hint = "Reinstall the packages of ocrpipe on this machine: 'npm install'.";
    return { name: 'images', state: 'failed', details, hint };
  }
}

async function backendChecks(): Promise<Check[]> {
  const { inspectBackends } = await import('../ocr/nn/backend.js');
  const reports = await inspectBackends();
  return reports.map(({ name, available, details }) => ({
    name: `backend ${name}`,
    state: available ? 'ok' : OPTIONAL[name] === undefined ? 'failed' : 'missing',
    details,
    ...(!available && OPTIONAL[name] !== undefined && { hint: OPTIONAL[name] }),
  }));
}

/** Backends that need packages of their own, and what to do for them. */
const OPTIONAL: Readonly<Record<string, string>> = {
  tensorflow:
    "Optional, and faster: 'npm install @tensorflow/tfjs-node-gpu' (or tfjs-node) beside ocrpipe, or a build of your own in the folder that OCRPIPE_TENSORFLOW_DIR names; docs/training.md has both ways.",
  webgpu:
    "Optional, for any GPU: 'npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22' beside ocrpipe, or in the folder that OCRPIPE_WEBGPU_DIR names; on Linux the GPU's driver must bring Vulkan.",
};
