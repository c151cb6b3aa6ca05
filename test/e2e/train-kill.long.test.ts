import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawnLines } from '../ocr/train/drawn-lines.js';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const PARAMS = `model: {height: 16, filters: [2, 2], innerDim: 8, units: 8}
train: {batchSize: 2, maxSteps: 4, evaluateSteps: 2}
`;
const TRAIN = [
  'train',
  '--train',
  'lines.jsonl',
  '--val',
  'lines.jsonl',
  '--out',
  'models/m',
  '--backend',
  'cpu',
];
const REPORTS = ['--metrics', 'reports/train.json', '--history', 'reports/history.jsonl'];

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

describe('train killed at any moment', () => {
  it('leaves no half model, and finishes with the same bytes when it is run again', async () => {
    const whole = await workspace();
    expect((await runOcrpipe([...TRAIN, ...REPORTS], { cwd: whole })).exitCode).toBe(0);
    const expected = results(whole);
    for (let point = 1; ; point += 1) {
      const cwd = await workspace();
      const env = { OCRPIPE_TEST_KILL_AT: String(point) };
      const killed = await runOcrpipe([...TRAIN, ...REPORTS], { cwd, env });
      if (killed.signal === undefined) {
        expect(point).toBeGreaterThan(6);
        return;
      }
      const again = await runOcrpipe([...TRAIN, ...REPORTS], { cwd });
      expect(again.exitCode).toBe(0);
      const found = results(cwd);
      for (const [name, bytes] of Object.entries(expected))
        expect(found[name], `${name} at ${point}`).toBe(bytes);
    }
  }, 600_000);
});
