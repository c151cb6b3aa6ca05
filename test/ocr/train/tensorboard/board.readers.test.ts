import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scalarValue, summaryEvent } from '../../../../src/ocr/train/tensorboard/events.js';
import { framed } from '../../../../src/ocr/train/tensorboard/records.js';
import { train } from '../../../../src/ocr/train/train.js';
import { runOcrpipe, runProcess } from '../../../rig/ocrpipe.js';
import { READERS_PYTHON } from '../../../rig/python-readers.js';
import { temporaryFolder } from '../../../rig/temporary-folder.js';
import { drawnLines } from '../drawn-lines.js';
import { curve, job, LABELS, settings, stopAfterOneStep } from '../training-jobs.js';

const SCRIPT = fileURLToPath(new URL('read_events.py', import.meta.url));

interface Board {
  /** Step and value. */
  scalars: Record<string, [number, number][]>;
  images: Record<string, { step: number; size: number[]; said: number[] }[]>;
  texts: Record<string, { step: number; markdown: string; html: string }[]>;
  parameters: Record<string, unknown>;
}

async function readBoard(folder: string): Promise<Board> {
  const result = await runProcess(READERS_PYTHON, [SCRIPT, folder], { cwd: folder });
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).not.toContain('oddly');
  return JSON.parse(result.stdout) as Board;
}

/** Figures that do not depend on the machine. */
function curves({ scalars }: Board): [string, [number, number][]][] {
  return Object.entries(scalars).filter(([name]) => !name.startsWith('speed/'));
}

const SHORT = { maxSteps: 6, evaluateSteps: 2 };
/** Eight, so that all of them are among the worst lines at first. */
const ODD_LABELS = [...LABELS.slice(0, 5), 'a|b', '<b>_c_*d*', '`e` &amp;'];

describe('what a training writes for TensorBoard', () => {
  it('is read by its own reader: every figure, picture and text, and the parameters', async () => {
    const folder = temporaryFolder();
    const board = join(folder, 'board');
    const manifest = await drawnLines(folder, 'lines', ODD_LABELS);
    await train(job(folder, manifest, { settings: settings({ train: SHORT }), tensorboard: board }));
    const { scalars, images, texts, parameters } = await readBoard(board);
    const history = curve(folder);
    const points = (of: (entry: (typeof history)[number]) => number) =>
      history.map((entry) => [entry.step, Math.fround(of(entry))]);
    expect(scalars['cer/validation']).toEqual(points(({ valCer }) => valCer));
    expect(scalars['exact/validation']).toEqual(points(({ valExact }) => valExact));
    expect(scalars['loss/train']).toEqual(points(({ loss }) => loss));
    for (const name of ['loss/step', 'learning/rate', 'learning/gradientNorm', 'speed/imagesPerSecond'])
      expect(scalars[name]!.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(scalars['learning/rate']![1]![1]).toBe(Math.fround(history[0]!.learningRate));
    expect(Object.keys(images)).toHaveLength(8);
    for (const shown of Object.values(images)) {
      expect(shown.map(({ step }) => step)).toEqual([2, 4, 6]);
      for (const { size, said } of shown) expect(size).toEqual(said);
    }
    expect(texts['configuration']![0]!.html).toContain('"learningRate": 0.01');
    expect(texts['samples']!.map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(texts['samples']![0]!.html.match(/<tr>/g)).toHaveLength(1 + 5);
    const cells = texts['worst']!.flatMap(({ html }) => [...html.matchAll(/<td[^>]*>(.*)<\/td>/g)]);
    const shown = new Set(cells.map(([, cell]) => cell));
    expect(shown).toContain('a|b');
    expect(shown).toContain('&lt;b&gt;_c_*d*');
    expect(parameters).toMatchObject({
      'train.learningRate': 0.01,
      'model.type': 'crnn',
      'train.amsgrad': false,
    });
  });

  it('neither doubles nor jumps back after stops and kills, whatever was written behind the last checkpoint', async () => {
    const trained = { settings: settings({ train: SHORT }) };
    const whole = temporaryFolder();
    const inWhole = { ...trained, tensorboard: join(whole, 'board') };
    await train(job(whole, await drawnLines(whole, 'lines', LABELS), inWhole));

    const parts = temporaryFolder();
    const board = join(parts, 'board');
    const again = job(parts, await drawnLines(parts, 'lines', LABELS), { ...trained, tensorboard: board });
    for (let stops = 0; stops < 3; stops += 1) {
      await expect(train({ ...again, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
      // As by a process that went on behind its checkpoint and was killed while it wrote.
      const [file] = readdirSync(board);
      const behind = framed(summaryEvent({ wallTime: 0, step: stops + 2 }, [scalarValue('loss/step', 7)]));
      appendFileSync(join(board, file!), Buffer.concat([behind, behind.subarray(0, 20)]));
    }
    expect((await train(again)).resumedFrom).toBe(3);
    expect(readdirSync(board)).toHaveLength(1);
    const [one, other] = [await readBoard(join(whole, 'board')), await readBoard(board)];
    expect(curves(other)).toEqual(curves(one));
    expect(other.images).toEqual(one.images);
    expect(Object.keys(other.texts)).toEqual(Object.keys(one.texts));
  });

  it('has the validations of before where its folder was emptied, or is asked for only now', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const asked = job(folder, manifest, { settings: settings({ train: { ...SHORT, evaluateSteps: 1 } }) });
    for (let stops = 0; stops < 3; stops += 1)
      await expect(train({ ...asked, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    const board = join(folder, 'board');
    await train({ ...asked, tensorboard: board });
    const { scalars } = await readBoard(board);
    expect(scalars['cer/validation']!.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(scalars['loss/step']!.map(([step]) => step)).toEqual([4, 5, 6]);
  });
});

describe('the events of a killed process', () => {
  it('are those of an unbroken one once it went on', async () => {
    const command = (cwd: string, ...more: string[]) =>
      runOcrpipe(
        [
          'train',
          '--train',
          'lines.jsonl',
          '--val',
          'lines.jsonl',
          '--out',
          'm',
          '--tensorboard',
          'board',
          ...more,
        ],
        { cwd, env: KILL },
      );
    let KILL: Record<string, string> = {};
    const workspace = async (): Promise<string> => {
      const cwd = temporaryFolder();
      await drawnLines(cwd, 'lines', LABELS);
      writeFileSync(join(cwd, 'params.yaml'), PARAMS);
      return cwd;
    };
    const whole = await workspace();
    expect((await command(whole)).exitCode).toBe(0);
    const expected = await readBoard(join(whole, 'board'));
    for (let point = 1; ; point += 1) {
      const cwd = await workspace();
      KILL = { OCRPIPE_TEST_KILL_AT: String(point) };
      const { signal } = await command(cwd);
      KILL = {};
      if (signal === undefined) break;
      expect((await command(cwd)).exitCode).toBe(0);
      expect(curves(await readBoard(join(cwd, 'board'))), `killed at ${point}`).toEqual(curves(expected));
    }
  }, 300_000);
});

const PARAMS = `model: {height: 16, filters: [2, 2], innerDim: 8, units: 8}
train: {batchSize: 2, maxSteps: 4, evaluateSteps: 2}
`;
