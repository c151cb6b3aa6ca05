import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { drawnLines } from '../ocr/train/drawn-lines.js';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const STEPS = 4;
const PARAMS = `model: {height: 16, filters: [2, 2], innerDim: 8, units: 8}
train: {batchSize: 2, maxSteps: ${STEPS}, evaluateSteps: 2}
`;
const TRAIN =
  'train --train lines.jsonl --val lines.jsonl --out models/m --backend cpu --metrics reports/train.json --history reports/history.jsonl';
/** None before the training ends by itself, which takes less than that; or one after each step. */
export type Checkpoints = 'none' | 'each step';
const EVERY: Record<Checkpoints, string> = { none: '100000', 'each step': '0' };

async function workspace(): Promise<string> {
  const cwd = temporaryFolder();
  await drawnLines(cwd, 'lines', ['abba', 'cab']);
  writeFileSync(join(cwd, 'params.yaml'), PARAMS);
  return cwd;
}

/** Every file that a training leaves, by name. */
function results(cwd: string): Record<string, string> {
  const files = ['models', 'reports'].flatMap((folder) =>
    readdirSync(join(cwd, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return Object.fromEntries(
    files.map((file) => [file.slice(cwd.length), readFileSync(file).toString('base64')]),
  );
}

/**
 * Kills a training at each `stride`-th moment at which it writes, begins it again, and expects the bytes of an unbroken one. Gives the steps that
 * the second runs went on from, each once.
 */
export async function killedAt(stride: number, checkpoints: Checkpoints): Promise<number[]> {
  const command = [...TRAIN.split(' '), '--checkpoint-every', EVERY[checkpoints]];
  const whole = await workspace();
  expect((await runOcrpipe(command, { cwd: whole })).exitCode).toBe(0);
  const expected = results(whole);
  const resumedFrom = new Set<number>();
  for (let point = stride; ; point += stride) {
    const cwd = await workspace();
    const killed = await runOcrpipe(command, { cwd, env: { OCRPIPE_TEST_KILL_AT: String(point) } });
    if (killed.signal === undefined) {
      expect(point).toBeGreaterThan(6);
      return [...resumedFrom].sort();
    }
    const again = await runOcrpipe([...command, '--json'], { cwd });
    expect(again.exitCode, again.stderr).toBe(0);
    resumedFrom.add((JSON.parse(again.stdout) as { resumedFrom: number }).resumedFrom);
    const found = results(cwd);
    for (const [name, bytes] of Object.entries(expected))
      expect(found[name], `${name} at ${point}`).toBe(bytes);
  }
}
