import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Names a folder made by `scripts/native-tensorflow.sh gpu FOLDER`. */
const folder = process.env['OCRPIPE_TENSORFLOW_GPU_DIR'];
const skip = folder === undefined ? 'OCRPIPE_TENSORFLOW_GPU_DIR names no folder' : undefined;

interface Measured {
  details: string;
  firstLosses: number[];
  leakedTensors: number;
}

/** A few training steps of the benchmark's model in a process of its own. */
async function train(backend: string, env: NodeJS.ProcessEnv): Promise<Measured> {
  const script = fileURLToPath(new URL('../../../bench/train-step/step.mjs', import.meta.url));
  const options = { env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [script, backend, '4', '64', '2'], options);
  return JSON.parse(stdout) as Measured;
}

describe.skipIf(skip)(`tfjs-node-gpu${skip === undefined ? '' : ` (${skip})`}`, () => {
  it('trains some steps with the losses of the wasm backend, on its CPU fallback where there is no GPU', async () => {
    const native = await train('tensorflow', { OCRPIPE_TENSORFLOW_DIR: folder });
    const wasm = await train('wasm', {});
    expect(native.details).toContain('tfjs-node-gpu');
    expect(native.leakedTensors).toBe(0);
    expect(Math.abs(native.firstLosses[0]! / wasm.firstLosses[0]! - 1)).toBeLessThan(1e-4);
    expect(native.firstLosses.at(-1)).toBeLessThan(native.firstLosses[0]!);
  }, 300_000);
});
