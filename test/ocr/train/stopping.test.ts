import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
    const secondsTaken = (): number => {
      const file = readFileSync(join(checkpointFolder(first.out), 'checkpoint.bin'), 'latin1');
      return (JSON.parse(file.split('\n')[1]!) as { seconds: number }).seconds;
    };
    const runs: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      await expect(train({ ...first, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
      runs.push(secondsTaken());
    }
    expect(runs[0]).toBeGreaterThan(0);
    expect(runs[1]).toBeGreaterThan(runs[0]!);
    expect(runs[2]).toBeGreaterThan(runs[1]!);
  });
});
