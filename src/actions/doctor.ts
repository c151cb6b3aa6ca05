import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../base/call.js';
import type { AbsPath } from '../base/paths.js';
import { findWorkTree } from '../git/find-work-tree.js';
import { gitVersion } from '../git/git-version.js';

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
  const checks = [nodeCheck(), await gitCheck(), workspaceCheck(call.cwd), await imagesCheck()];
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
  const root = findWorkTree(cwd);
  if (root === undefined || !existsSync(join(root, '.ocrstore'))) {
    const hint = "'ocrpipe init' starts one.";
    return { name: 'workspace', state: 'missing', details: `none at ${cwd}`, hint };
  }
  try {
    accessSync(join(root, '.ocrstore'), constants.W_OK);
  } catch {
    const hint = 'Check who owns it.';
    return { name: 'workspace', state: 'failed', details: `${root}/.ocrstore cannot be written`, hint };
  }
  return { name: 'workspace', state: 'ok', details: root };
}

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
    state: available ? 'ok' : name === 'tensorflow' ? 'missing' : 'failed',
    details,
    ...(!available && name === 'tensorflow' && { hint: TENSORFLOW_HINT }),
  }));
}

const TENSORFLOW_HINT =
  "Optional, and faster: 'npm install @tensorflow/tfjs-node-gpu' (or tfjs-node) beside ocrpipe, or a build of your own in the folder that OCRPIPE_TENSORFLOW_DIR names; docs/training.md has both ways.";
