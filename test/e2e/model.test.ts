import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ocrpipeJson, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/models', import.meta.url));
const MODEL = join(FIXTURES, 'version-1');

/** A folder with four labelled images. */
function labelled(): string {
  const cwd = temporaryFolder();
  cpSync(join(FIXTURES, 'images'), join(cwd, 'images'), { recursive: true });
  const labels = JSON.parse(readFileSync(join(FIXTURES, 'labels.json'), 'utf8')) as Record<string, string>;
  const lines = Object.entries(labels).map(([name, text]) =>
    JSON.stringify({ image: `images/${name}`, text }),
  );
  writeFileSync(join(cwd, 'data.jsonl'), lines.map((line) => `${line}\n`).join(''));
  return cwd;
}

describe('ocrpipe model info', () => {
  it('says what a model is, for people and for programs', async () => {
    const cwd = temporaryFolder();
    const { stdout, exitCode } = await runOcrpipe(['model', 'info', MODEL], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^type +crnn$/m);
    expect(stdout).toMatch(/^columns +a time step every 4 pixels of width; the convolutions see 18 pixels/m);
    expect(stdout).toMatch(/^by layer +block1 52, block2 320, /m);
    expect(stdout).toMatch(/^alphabet +4 characters: 0123$/m);
    const info = await ocrpipeJson<Record<string, unknown>>(['model', 'info', MODEL], { cwd });
    expect(info).toMatchObject({
      version: 3,
      parameters: 4681,
      columns: { widthPx: 4, seenPx: 18, steps: null },
      layers: expect.arrayContaining([{ name: 'block1', parameters: 4 * (9 + 4) }]) as unknown,
      preprocessing: { colour: 'grey', height: 16, widthMultiple: 4 },
      weights: { encoding: 'float32', bytes: 18724 },
    });
  });

  it('names damage', async () => {
    const cwd = temporaryFolder();
    cpSync(MODEL, join(cwd, 'm'), { recursive: true });
    const file = readdirSync(join(cwd, 'm')).find((name) => name.endsWith('.bin'))!;
    writeFileSync(join(cwd, 'm', file), 'x');
    const { stderr, exitCode } = await runOcrpipe(['model', 'info', 'm'], { cwd });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`m/${file} does not hold the weights that were saved`);
  });
});

describe('ocrpipe model export', () => {
  it('writes every form at once, says what int8 costs, and predict reads the folder', async () => {
    const cwd = labelled();
    const result = await ocrpipeJson<Record<string, unknown>>(
      [
        'model',
        'export',
        MODEL,
        '--out',
        'small',
        '--tfjs',
        'web',
        '--onnx',
        'm.onnx',
        '--weights',
        'int8',
        '--data',
        'data.jsonl',
      ],
      { cwd },
    );
    expect(result).toMatchObject({
      weights: 'int8',
      accuracy: { lines: 4, before: { exact: 1, cer: 0 }, after: { exact: 1, cer: 0 }, changed: 0 },
    });
    expect(readdirSync(cwd).sort()).toEqual(['data.jsonl', 'images', 'm.onnx', 'small', 'web']);
    for (const model of ['small', 'web']) {
      const predictions = await ocrpipeJson<{ text: string }[]>(['predict', '--model', model, 'images'], {
        cwd,
      });
      expect(predictions.map(({ text }) => text)).toEqual(['11', '3330', '132', '21']);
    }
    const names = readdirSync(join(cwd, 'web'));
    expect(names).toEqual(expect.arrayContaining(['model.json', 'ocrpipe.json', 'reader.js']));
    expect(names).toHaveLength(5);
  });

  it('replaces what it wrote, and nothing else', async () => {
    const cwd = temporaryFolder();
    const args = ['model', 'export', MODEL, '--out', 'small', '--tfjs', 'web', '--onnx', 'm.onnx'];
    await ocrpipeJson(args, { cwd });
    await ocrpipeJson([...args, '--weights', 'float16', '--force'], { cwd });
    expect(readdirSync(join(cwd, 'web'))).toHaveLength(5);
    expect(readdirSync(join(cwd, 'small'))).toHaveLength(2);
    writeFileSync(join(cwd, 'mine.onnx'), 'of another program');
    const refused = await runOcrpipe(['model', 'export', MODEL, '--onnx', 'mine.onnx'], { cwd });
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('--onnx would overwrite mine.onnx, which is no exported model');
    expect(readFileSync(join(cwd, 'mine.onnx'), 'utf8')).toBe('of another program');
  });

  it('asks where to write', async () => {
    const { stderr, exitCode } = await runOcrpipe(['model', 'export', MODEL], { cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Give at least one of --tfjs DIR, --onnx FILE and --out DIR.');
  });
});
