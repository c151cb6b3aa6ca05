import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { TEMPORARY_PREFIX } from '../../../src/base/atomic-file.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { SPACE_MARK } from '../../../src/base/process-space.js';
import { holdModelFolder } from '../../../src/ocr/models/held-model-folder.js';
import { modelConfigSchema } from '../../../src/ocr/models/model-config.js';
import { FORMAT_VERSION, readDescription } from '../../../src/ocr/models/model-description.js';
import { readModelFolder, writeModelFolder } from '../../../src/ocr/models/model-folder.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import type { NamedArray } from '../../../src/ocr/models/variables.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const CHILD = fileURLToPath(new URL('model-folder-child.mjs', import.meta.url));

const config = modelConfigSchema.parse({ height: 16, filters: [2, 3], innerDim: 8, units: 8 });
const origin = {
  training: { dataId: 'a'.repeat(64), step: 7, seed: 1, backend: 'cpu' },
  metrics: { exact: 0.5, cer: 0.25 },
};

interface Tensor {
  name: string;
  shape: number[];
  encoding: string;
}

async function save(folder: string, seed: number): Promise<NamedArray[]> {
  const recogniser = newRecogniser(config, alphabetOf('aế皖'), seed);
  const weights = await recogniser.network.variables.read();
  const held = await holdModelFolder(folder);
  writeModelFolder(held, recogniser, weights, origin);
  held.release();
  recogniser.network.dispose();
  return weights;
}

function edit(folder: string, change: (description: Record<string, unknown>) => void): void {
  const file = join(folder, 'ocrpipe.json');
  const description = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(description);
  writeFileSync(file, JSON.stringify(description));
}

beforeAll(async () => {
  await openBackend('cpu');
});

describe('a saved model', () => {
  it('comes back with the same weights, alphabet and configuration', async () => {
    const folder = join(temporaryFolder(), 'models', 'plate');
    const weights = await save(folder, 1);
    const { recogniser, description } = readModelFolder(folder);
    expect(await recogniser.network.variables.read()).toEqual(weights);
    recogniser.network.dispose();
    expect(recogniser.config).toEqual(config);
    expect(recogniser.alphabet.characters).toEqual(['a', 'ế', '皖']);
    expect(description).toMatchObject(origin);
  });

  it('replaces an older one and leaves nothing of it', async () => {
    const folder = temporaryFolder();
    await save(folder, 1);
    const first = readDescription(folder).weights.id;
    await save(folder, 2);
    const description = readDescription(folder);
    expect(description.weights.id).not.toBe(first);
    expect(readdirSync(folder).sort()).toEqual(['ocrpipe.json', description.weights.file]);
  });

  it('is whole at every moment, whoever writes and reads it at once', async () => {
    const folder = join(temporaryFolder(), 'models', 'plate');
    await save(folder, 1);
    const run = (...args: string[]) =>
      runProcess(process.execPath, [CHILD, folder, ...args], { cwd: folder });
    const runs = [run('write', '10', '60'), run('write', '20', '60'), run('read', '0', '400')];
    for (const { exitCode, stderr } of await Promise.all(runs)) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    }
    const { recogniser, description } = readModelFolder(folder);
    recogniser.network.dispose();
    expect(readdirSync(folder).sort()).toEqual(['ocrpipe.json', description.weights.file]);
  });

  it('is written after a writer that died, and nothing of that one stays', async () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'plate');
    const died = await runProcess(process.execPath, [CHILD, folder, 'die', '1', '1'], { cwd: parent });
    expect(died.signal).toBe('SIGKILL');
    expect(readdirSync(parent)).toEqual(['.plate.checkpoint']);
    await save(folder, 1);
    expect(readdirSync(parent)).toEqual(['plate']);
  });

  it('leaves nothing of a process that was killed while it waited to write it too', async () => {
    const parent = temporaryFolder();
    const held = await holdModelFolder(join(parent, 'plate'));
    const dead = (2 ** 23).toString(36); // above what Linux gives to a process
    writeFileSync(join(held.checkpoints, `${TEMPORARY_PREFIX}${dead}-${SPACE_MARK}00000000-lock`), '');
    held.release();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('is the same bytes for the same weights', async () => {
    const [one, two] = [temporaryFolder(), temporaryFolder()];
    await save(one, 3);
    await save(two, 3);
    const bytes = (folder: string): string[] =>
      readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('base64'));
    expect(bytes(two)).toEqual(bytes(one));
  });

  it('that is damaged is refused, by name', async () => {
    const folder = temporaryFolder();
    await save(folder, 1);
    const file = join(folder, readDescription(folder).weights.file);
    const bytes = readFileSync(file);
    bytes[10]! ^= 1;
    writeFileSync(file, bytes);
    expect(() => readModelFolder(folder)).toThrow(
      expect.objectContaining({ code: 'model-damaged', location: { file } }),
    );
  });

  it('of a later version is refused with the way out', async () => {
    const folder = temporaryFolder();
    await save(folder, 1);
    edit(folder, (description) => (description['version'] = FORMAT_VERSION + 1));
    expect(() => readModelFolder(folder)).toThrow(
      expect.objectContaining({
        code: 'model-version',
        exitCode: 2,
        hint: expect.stringContaining('Use the version of ocrpipe that wrote it') as string,
      }),
    );
  });

  it('that is none is refused: no folder, not JSON, not described', async () => {
    const folder = temporaryFolder();
    const refused = (code: string): void => {
      expect(() => readModelFolder(folder)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
    };
    refused('model-missing');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ocrpipe.json'), '{');
    refused('model-invalid');
    await save(folder, 1);
    edit(folder, (description) => delete description['alphabet']);
    refused('model-invalid');
  });

  it('never reads weights outside its folder', async () => {
    const folder = temporaryFolder();
    await save(folder, 1);
    edit(folder, (description) => {
      (description['weights'] as { file: string }).file = '../weights.bin';
    });
    expect(() => readModelFolder(folder)).toThrow(expect.objectContaining({ code: 'model-damaged' }));
  });

  it.each([
    ['lack output/bias', (tensors: Tensor[]) => tensors.filter(({ name }) => name !== 'output/bias')],
    [
      'of inner/bias are 1 x 8, the model needs 8',
      (tensors: Tensor[]) =>
        tensors.map((entry) => (entry.name === 'inner/bias' ? { ...entry, shape: [1, 8] } : entry)),
    ],
    [
      'hold other/bias, which the model does not have',
      (tensors: Tensor[]) => [...tensors, { name: 'other/bias', shape: [0], encoding: 'float32' }],
    ],
  ])('whose weights are not what its model needs names the file: they %s', async (what, change) => {
    const folder = temporaryFolder();
    await save(folder, 1);
    const { file } = readDescription(folder).weights;
    edit(folder, (description) => {
      const weights = description['weights'] as { tensors: Tensor[]; id: string };
      const tensors = change(weights.tensors);
      const size = (all: Tensor[]): number =>
        4 * all.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
      // As many bytes as the table says, under the content id of those.
      const bytes = readFileSync(join(folder, file)).subarray(0, size(tensors));
      writeFileSync(join(folder, file), bytes);
      Object.assign(weights, { tensors, id: contentIdOf(bytes) });
    });
    const refused = expect.objectContaining({
      code: 'weights-mismatch',
      message: expect.stringContaining(`${file}: the weights ${what}`) as string,
      hint: expect.stringContaining('get the folder again') as string,
    }) as Error;
    expect(() => readModelFolder(folder)).toThrow(refused);
  });

  it('whose weights are gone says which', async () => {
    const folder = temporaryFolder();
    await save(folder, 1);
    const file = join(folder, readDescription(folder).weights.file);
    rmSync(file);
    const refused = {
      code: 'model-damaged',
      location: { file },
      hint: expect.stringContaining('checkout') as string,
    };
    expect(() => readModelFolder(folder)).toThrow(expect.objectContaining(refused));
  });
});
