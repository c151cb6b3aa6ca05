import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectBackends, openBackend } from '../../../src/ocr/nn/backend.js';
import { NATIVE_FOLDER_VARIABLE, loadNativeTensorflow } from '../../../src/ocr/nn/native-tensorflow.js';
import { backendSearchFolders, userBackendFolder } from '../../../src/ocr/nn/optional-packages.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { backendsUnderTest } from './support.js';

const backendModule = new URL('../../../.cache/modules/ocr/nn/backend.js', import.meta.url).href;

/** Opens a backend in a process of its own, runs an op, and returns all that was written to the terminal. */
async function terminalOutput(name: string): Promise<string> {
  const script = `
    const tf = await import('@tensorflow/tfjs-core');
    const { openBackend } = await import(${JSON.stringify(backendModule)});
    await openBackend(${JSON.stringify(name)});
    if ((await tf.sum(tf.relu(tf.ones([2, 2]))).data())[0] !== 4) throw new Error('wrong sum');`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
  ]);
  return stdout + stderr;
}

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`the backend ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    it('opens, is current, and differentiates', async () => {
      const backend = await openBackend(name);
      expect(backend.name).toBe(name);
      expect(tf.getBackend()).toBe(name);
      const gradient = tf.grad((x) => tf.square(x))(tf.tensor1d([3]));
      expect((await gradient.data())[0]).toBeCloseTo(6, 5);
    });

    it('writes nothing to the terminal', async () => {
      expect(await terminalOutput(name)).toBe('');
    });
  });
}

const auto = await openBackend('auto');
const empty = temporaryFolder(afterAll);
/** Native TensorFlow where neither the environment nor the user's folder has any. */
const beside = loadNativeTensorflow({ [NATIVE_FOLDER_VARIABLE]: empty, XDG_DATA_HOME: empty });
const skippedFor = (there: boolean, what: string): string =>
  there ? ` (needs a machine without ${what})` : '';

describe('backends', () => {
  it('are all inspected, best first, each with a reason or a description', async () => {
    const reports = await inspectBackends();
    expect(reports.map(({ name }) => name)).toEqual(['tensorflow', 'webgpu', 'wasm', 'cpu']);
    for (const { details } of reports) expect(details).not.toBe('');
    expect(reports.slice(2).every(({ available }) => available)).toBe(true);
  });

  it.skipIf(auto.gpu)(
    `choose the first one that starts on the CPU${skippedFor(auto.gpu, 'GPU')}`,
    async () => {
      const reports = await inspectBackends();
      const onCpu = reports.find(({ name, available }) => available && name !== 'webgpu')!;
      expect(auto.name).toBe(onCpu.name);
    },
  );

  it('look for native TensorFlow in the named folder first, in the user folder last', () => {
    const env = { [NATIVE_FOLDER_VARIABLE]: '/named', XDG_DATA_HOME: '/data' };
    const folders = backendSearchFolders(NATIVE_FOLDER_VARIABLE, env);
    expect(folders[0]).toBe('/named');
    expect(folders.at(-1)).toBe(userBackendFolder(env));
    expect(folders).toContain(process.cwd());
  });

  it.skipIf(beside.loaded)(
    `say why native TensorFlow is not there, without failing${skippedFor(beside.loaded, 'tfjs-node beside it')}`,
    () => {
      expect(beside).toMatchObject({ loaded: false });
      expect('reasons' in beside && beside.reasons.join()).toContain(
        '@tensorflow/tfjs-node is not installed',
      );
    },
  );
});
