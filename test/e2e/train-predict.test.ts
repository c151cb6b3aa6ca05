import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawnLines } from '../ocr/train/drawn-lines.js';
import { fileListing } from '../rig/file-listing.js';
import { OCRPIPE_SCRIPT, ocrpipeJson, runOcrpipe, runProcess, type RunResult } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const LABELS = ['abba', 'cab', 'bead', 'dab', 'ace', 'fade', 'deaf', 'cede'];
const PARAMS = `model: {height: 16, filters: [8, 16], widthStride: 2, innerDim: 24, units: 16, dropout: 0}
train: {batchSize: 4, learningRate: 0.01, warmupSteps: 5, epochs: 100, evaluateEvery: 20}
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
  'wasm',
];
const shared: { cwd: string } = { cwd: '' };

beforeAll(async () => {
  shared.cwd = temporaryFolder(afterAll);
  await drawnLines(shared.cwd, 'lines', LABELS);
  writeFileSync(join(shared.cwd, 'params.yaml'), PARAMS);
});

describe('train, evaluate and predict', () => {
  it('look at everything with --check, and neither train nor write', async () => {
    const before = fileListing(shared.cwd);
    const ready = await runOcrpipe([...TRAIN, '--check'], shared);
    expect(ready).toMatchObject({ exitCode: 0 });
    expect(ready.stdout).toMatch(
      /^ready: \d+ training images, .*\n[\d,]+ weights, 200 steps, \d+ an epoch \(wasm\)\na step takes up to [\d.]+ [KM]iB of memory for tensors\n$/,
    );
    writeFileSync(join(shared.cwd, 'broken.png'), 'no image');
    const lines = ['{"image":"broken.png","text":"a"}', '{"image":"images/lines-0.png","text":""}'];
    writeFileSync(join(shared.cwd, 'broken.jsonl'), lines.join('\n'));
    const refused = await runOcrpipe([...TRAIN.with(4, 'broken.jsonl'), '--check'], shared);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('broken');
    for (const name of ['broken.png', 'broken.jsonl']) rmSync(join(shared.cwd, name));
    expect(fileListing(shared.cwd)).toEqual(before);
  });

  it('go on after Ctrl-C, agree on the figures, and print file, text and confidence', async () => {
    const stopped = await runOcrpipe([...TRAIN, '--events'], { ...shared, signalOnOutput: 'SIGINT' });
    expect(stopped.exitCode).toBe(130);
    expect(existsSync(join(shared.cwd, 'models', 'm'))).toBe(false);
    const early = await runOcrpipe(['predict', '--model', 'models/m', 'images'], shared);
    expect(early).toMatchObject({ exitCode: 2, stdout: '' });
    expect(early.stderr).toContain('models/m is no model yet');

    const reports = ['--metrics', 'reports/train.json', '--history', 'reports/history.jsonl'];
    const trained = await ocrpipeJson<{ metrics: object; steps: number }>([...TRAIN, ...reports], shared);
    expect(trained.steps).toBe(200);
    const data = ['--data', 'lines.jsonl', '--out', 'reports/test', '--backend', 'wasm'];
    const evaluated = await ocrpipeJson<object>(['evaluate', '--model', 'models/m', ...data], shared);
    expect(evaluated).toMatchObject(trained.metrics);
    expect(JSON.parse(readFileSync(join(shared.cwd, 'reports', 'train.json'), 'utf8'))).toMatchObject(
      trained.metrics,
    );
    expect(
      readFileSync(join(shared.cwd, 'reports', 'history.jsonl'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(5);

    const predict = ['predict', '--model', 'models/m', 'images', '--backend', 'wasm'];
    const { stdout, exitCode } = await runOcrpipe(predict, shared);
    expect(exitCode).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([image]) => image)).toEqual(LABELS.map((_, index) => `images/lines-${index}.png`));
    expect(rows.map(([, text]) => text)).toEqual(LABELS);
    for (const [, , confidence] of rows) expect(Number(confidence)).toBeGreaterThan(0.3);
  });

  it('print the readings of good images before the error about a bad one', async () => {
    writeFileSync(join(shared.cwd, 'bad.png'), 'no image');
    const named = ['images/lines-0.png', 'bad.png', 'images/lines-1.png'];
    const command = ['predict', '--model', 'models/m', ...named, '--backend', 'wasm'];
    const { stdout, stderr, exitCode } = await runOcrpipe(command, shared);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^images\/lines-0\.png\tabba\t.*\nimages\/lines-1\.png\tcab\t.*\n$/);
    expect(stderr).toContain('bad.png cannot be read as an image');
    expect(stderr).not.toContain('labels');
    const document = JSON.parse((await runOcrpipe([...command, '--json'], shared)).stdout) as unknown;
    expect(document).toEqual([
      expect.objectContaining({ image: 'images/lines-0.png', text: 'abba' }),
      expect.objectContaining({ image: 'images/lines-1.png', text: 'cab' }),
      { error: expect.objectContaining({ code: 'image-unreadable' }) as object },
    ]);
  });

  it('read with several models together, named one by one or by their folder', async () => {
    cpSync(join(shared.cwd, 'models', 'm'), join(shared.cwd, 'models', 'n'), { recursive: true });
    const images = ['images/lines-0.png', 'images/lines-1.png'];
    const named = ['--model', 'models/n', '--model', 'models/m', '--backend', 'wasm'];
    const one = await runOcrpipe(['predict', ...named, '--format', 'text', ...images], shared);
    expect(one).toMatchObject({ exitCode: 0, stdout: 'abba\ncab\n' });
    const figures = await ocrpipeJson<{ exact: number }>(
      [
        'evaluate',
        '--model',
        'models',
        '--data',
        'lines.jsonl',
        '--out',
        'reports/both',
        '--backend',
        'wasm',
      ],
      shared,
    );
    expect(figures.exact).toBe(1);
    const twice = ['predict', '--model', 'models', '--model', 'models/m', ...images];
    const refused = await runOcrpipe(twice, shared);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('models/m: a model cannot read together with itself');
    const info = await runOcrpipe(['model', 'info', 'models'], shared);
    expect(info).toMatchObject({ exitCode: 2, stdout: '' });
    expect(info.stderr).toContain('There are models in it: name one, such as models/m.');
    rmSync(join(shared.cwd, 'models', 'n'), { recursive: true });
  });

  it('take a list on standard input, print other formats, and say where each character stands', async () => {
    const predict = [process.execPath, OCRPIPE_SCRIPT, 'predict', '--model', 'models/m', '--backend', 'wasm'];
    const piped = (list: string, ...flags: string[]): Promise<RunResult> =>
      runProcess('sh', ['-c', 'printf "$0" | "$@"', list, ...predict, ...flags, '-'], shared);
    const list = 'images/lines-1.png\\nabsent.png\\nimages/lines-0.png\\n';
    const text = await piped(list, '--format', 'text');
    expect(text).toMatchObject({ exitCode: 2, stdout: 'cab\n\nabba\n' });
    expect(text.stderr).toContain('absent.png');

    const { stdout, exitCode } = await piped('images/lines-0.png', '--format', 'jsonl');
    expect(exitCode).toBe(0);
    const { characters, ...rest } = JSON.parse(stdout) as { characters: { text: string; at: number }[] };
    expect(rest).toMatchObject({ image: 'images/lines-0.png', text: 'abba' });
    expect(characters.map((each) => each.text).join('')).toBe('abba');
    const places = characters.map(({ at }) => at);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const at of places) expect(at > 0 && at <= 1).toBe(true);

    expect((await piped('', '--format', 'text')).stderr).toContain('the list on standard input is empty');
    expect((await piped('a.png', 'b.png')).stderr).toContain("Give either '-' or paths");
  });

  it('refuse what the user must correct with exit code 2 and no traces', async () => {
    for (const [args, code] of [
      [['predict', '--model', 'absent', 'images'], 'model-missing'],
      [['predict', '--model', 'models/mm', 'images'], "Did you mean 'models/m'?"],
      [['predict', '--model', 'models/m', 'absent.png'], 'path-missing'],
      [['train', '--train', 'absent.jsonl', '--val', 'lines.jsonl', '--out', 'models/n'], 'source-missing'],
      [
        ['train', '--train', 'lines.jsonl', '--val', 'lines.jsonl', '--out', 'models/n', '--from', 'models'],
        'There are models in it: name one, such as models/m.',
      ],
    ] as const) {
      const { stdout, stderr, exitCode } = await runOcrpipe(args, shared);
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
      expect(stderr).toContain(code);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    expect(existsSync(join(shared.cwd, 'models', 'n'))).toBe(false);
  });
});
