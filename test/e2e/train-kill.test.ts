import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawnLines } from '../ocr/train/drawn-lines.js';
import { git } from '../rig/git-repository.js';
import { OCRPIPE_SCRIPT, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { killedAt } from './train-kill.js';

describe('train killed after a checkpoint', () => {
  it('goes on from it, and ends with the same bytes', async () => {
    expect(Math.max(...(await killedAt(9, 'each step')))).toBeGreaterThan(0);
  });
});

describe('repro whose training was killed', () => {
  it('goes on from the checkpoint, though the stage had failed', async () => {
    const cwd = temporaryFolder();
    git(cwd, 'init', '-q');
    expect((await runOcrpipe(['init'], { cwd })).exitCode).toBe(0);
    await drawnLines(cwd, 'lines', ['abba', 'cab']);
    writeFileSync(
      join(cwd, 'params.yaml'),
      'model: {height: 16, filters: [2, 2], innerDim: 8, units: 8}\ntrain: {batchSize: 2, maxSteps: 4}\n',
    );
    // Stages do not inherit the variable that kills: the command hands it on.
    const train = `OCRPIPE_TEST_KILL_AT=$TRAINING_KILLED_AT '${process.execPath}' '${OCRPIPE_SCRIPT}' train --train lines.jsonl --val lines.jsonl --out models/m --backend cpu --checkpoint-every 0`;
    const stage = {
      run: train,
      deps: ['lines.jsonl', 'images'],
      params: ['model', 'train'],
      outs: ['models/m'],
    };
    writeFileSync(join(cwd, 'pipeline.yaml'), JSON.stringify({ stages: { train: stage } }));
    const killed = await runOcrpipe(['repro'], { cwd, env: { TRAINING_KILLED_AT: '8' } });
    expect(killed, killed.stderr + killed.stdout).toMatchObject({ exitCode: 1 });
    expect(existsSync(join(cwd, 'models/.m.checkpoint/checkpoint.bin'))).toBe(true);
    expect(existsSync(join(cwd, 'models/m'))).toBe(false);
    const again = await runOcrpipe(['repro'], { cwd, env: { TRAINING_KILLED_AT: '' } });
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stderr + again.stdout).toMatch(/goes on from step [1-4] of an earlier run/);
    expect(existsSync(join(cwd, 'models/m/ocrpipe.json'))).toBe(true);
    expect((await runOcrpipe(['status'], { cwd })).exitCode).toBe(0);
  });
});
