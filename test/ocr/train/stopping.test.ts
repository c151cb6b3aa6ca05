import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { checkpointFolder } from '../../../src/ocr/models/held-model-folder.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, settings, stopAfterOneStep } from './training-jobs.js';

/** It learns next to nothing: no validation is better than the first. */
const IDLE = { learningRate: 1e-12, warmupSteps: 0, evaluateSteps: 1, maxSteps: 9 };

async function trained(options: object) {
  const folder = temporaryFolder();
  const manifest = await drawnLines(folder, 'lines', LABELS);
  const result = await train(job(folder, manifest, { settings: settings({ train: options }) }));
  return { ...result, validations: curve(folder).length };
}

describe('a training ends', () => {
  it('when it has done all steps', async () => {
    expect(await trained(IDLE)).toMatchObject({ stopped: 'finished', steps: 9, validations: 9 });
  });

  it('when so many validations were not better, and with none sooner', async () => {
    expect(await trained({ ...IDLE, patience: 3 })).toMatchObject({ stopped: 'patience', steps: 4 });
    expect(await trained({ ...IDLE, patience: 9 })).toMatchObject({ stopped: 'finished', steps: 9 });
  });

  it('when its time is over, with a validation of what it has', async () => {
    const options = { ...IDLE, evaluateSteps: 9, maxMinutes: 1e-9 };
    expect(await trained(options)).toMatchObject({ stopped: 'time', steps: 1, bestStep: 1, validations: 1 });
  });

  it('when its time is over, that of interrupted runs included', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const options = settings({ train: { ...IDLE, maxMinutes: 60 } });
    const first = job(folder, manifest, { settings: options });
    await expect(train({ ...first, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    const file = join(checkpointFolder(first.out), 'checkpoint.bin');
    expect(addSeconds(file, 0)).toBeGreaterThan(0);
    addSeconds(file, 3599.9999);
    await expect(train({ ...first, ...stopAfterOneStep() })).resolves.toMatchObject({ stopped: 'time' });
  });
});

/** Lets a checkpoint say that its training took so much longer; gives the seconds that it said. */
function addSeconds(file: string, more: number): number {
  const bytes = readFileSync(file);
  const content = bytes.subarray(bytes.indexOf(10) + 1);
  const header = JSON.parse(content.subarray(0, content.indexOf(10)).toString()) as { seconds: number };
  const changed = Buffer.concat([
    Buffer.from(JSON.stringify({ ...header, seconds: header.seconds + more })),
    content.subarray(content.indexOf(10)),
  ]);
  const firstLine = bytes.subarray(0, bytes.length - content.length).toString();
  const named = firstLine.replace(contentIdOf(content), contentIdOf(changed));
  expect(named === firstLine).toBe(more === 0);
  writeFileSync(file, Buffer.concat([Buffer.from(named), changed]));
  return header.seconds;
}
