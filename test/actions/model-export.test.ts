import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelExport, type ModelExportInput } from '../../src/actions/model-export.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import type { DecoderConfig } from '../../src/ocr/models/decoder.js';
import { holdModelFolder } from '../../src/ocr/models/held-model-folder.js';
import { writeModelFolder } from '../../src/ocr/models/model-folder.js';
import { newRecogniser } from '../../src/ocr/models/recogniser.js';
import { readSavedWeights } from '../../src/ocr/models/saved-weights.js';
import { openBackend } from '../../src/ocr/nn/backend.js';
import { alphabetOf } from '../../src/ocr/text/alphabet.js';
import { TINY_MODELS, tinyModel } from '../ocr/models/tiny-models.js';
import { quietCall } from '../rig/call.js';
import { crashesOf } from '../rig/crashes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/models', import.meta.url));
const NAMES = Object.keys(TINY_MODELS);

/** A folder with a new model, and four labelled images of digits. */
async function workspace(name: string, decoder?: DecoderConfig): Promise<string> {
  const cwd = temporaryFolder();
  const recogniser = newRecogniser(tinyModel(name), alphabetOf('0123'), 1);
  const held = await holdModelFolder(join(cwd, 'model'));
  writeModelFolder(
    held,
    { ...recogniser, decoder: decoder ?? recogniser.decoder },
    await recogniser.network.variables.read(),
    { training: { dataId: 'a'.repeat(64), step: 7, seed: 1, backend: 'cpu' }, metrics: { cer: 0.25 } },
  );
  held.release();
  recogniser.network.dispose();
  cpSync(join(FIXTURES, 'images'), join(cwd, 'images'), { recursive: true });
  const labels = JSON.parse(readFileSync(join(FIXTURES, 'labels.json'), 'utf8')) as Record<string, string>;
  const lines = Object.entries(labels).map(([image, text]) =>
    JSON.stringify({ image: `images/${image}`, text }),
  );
  writeFileSync(join(cwd, 'data.jsonl'), lines.map((line) => `${line}\n`).join(''));
  return cwd;
}

/** Exports to every form, into a folder of that name. */
function exportTo(
  cwd: string,
  to: string,
  more: Partial<ModelExportInput> = {},
  events: OcrpipeEvent[] = [],
) {
  mkdirSync(join(cwd, to), { recursive: true });
  const forms = { out: `${to}/small`, tfjs: `${to}/web`, onnx: `${to}/m.onnx` };
  const input = {
    model: 'model',
    ...forms,
    weights: 'float32',
    force: false,
    backend: 'cpu',
    ...more,
  } as const;
  return modelExport(input, { ...quietCall(cwd), events: (event) => events.push(event) });
}

/** Every file of a folder and the hash of its bytes. */
function files(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const found = names.filter((name) => statSync(join(folder, name)).isFile());
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(found.map((name) => [name, hash(name)]));
}

beforeAll(async () => {
  await openBackend('cpu');
});

describe.each(NAMES)('model export of a model of the type %s', (name) => {
  it('writes all forms, the same bytes each time, and says what 8 bits cost', async () => {
    const cwd = await workspace(name);
    const { written, bytesBefore } = await exportTo(cwd, 'one');
    await exportTo(cwd, 'two');
    expect(files(join(cwd, 'two'))).toEqual(files(join(cwd, 'one')));
    const small = await exportTo(cwd, 'one', { weights: 'int8', data: 'data.jsonl', force: true });
    expect(small.accuracy).toMatchObject({ lines: 4, before: { exact: 0 }, after: { exact: 0 } });
    expect(small.bytesBefore).toBe(bytesBefore);
    for (const [place, { path, bytes }] of small.written.entries()) {
      expect({ path, smaller: bytes < written[place]!.bytes }).toEqual({ path, smaller: true });
    }
  });
});

describe('model export', () => {
  it('replaces an exported model with --force alone', async () => {
    const cwd = await workspace('mixer');
    await exportTo(cwd, 'to');
    const before = files(join(cwd, 'to'));
    for (const form of [{ out: 'to/small' }, { tfjs: 'to/web' }, { onnx: 'to/m.onnx' }]) {
      const none = { out: undefined, tfjs: undefined, onnx: undefined };
      await expect(exportTo(cwd, 'to', { ...none, ...form, weights: 'int8' })).rejects.toMatchObject({
        code: 'path-exists',
        exitCode: 2,
        hint: expect.stringContaining('--force') as string,
      });
    }
    expect(files(join(cwd, 'to'))).toEqual(before);
  });

  it.each(NAMES)('writes one file of weights for predict and for TensorFlow.js: %s', async (name) => {
    const cwd = await workspace(name);
    await exportTo(cwd, 'to');
    const [own, web] = [readSavedWeights(join(cwd, 'model')), readSavedWeights(join(cwd, 'to/web'))];
    expect(web.weights).toEqual(own.weights);
    expect(web.description).toEqual(own.description);
    expect(pathsOf(join(cwd, 'to/web'))[0]).toBe(web.description.weights.file);
    expect(readdirSync(join(cwd, 'to/web')).sort()).toEqual(
      ['model.json', 'ocrpipe.json', 'reader.js', ...pathsOf(join(cwd, 'to/web'))].sort(),
    );
  });

  it('leaves no graph of other weights in a folder that it replaces by a model without one', async () => {
    const cwd = await workspace('mixer');
    await exportTo(cwd, 'to');
    await exportTo(cwd, 'to', {
      out: 'to/web',
      tfjs: undefined,
      onnx: undefined,
      weights: 'int8',
      force: true,
    });
    const { weights } = readSavedWeights(join(cwd, 'to/web')).description;
    expect(readdirSync(join(cwd, 'to/web')).sort()).toEqual(['ocrpipe.json', weights.file]);
  });

  it.each(['model.json', 'reader.js'])('leaves a folder alone that is called %s', async (name) => {
    const cwd = await workspace('mixer');
    mkdirSync(join(cwd, 'new', name), { recursive: true });
    const alone = { tfjs: undefined, onnx: undefined, force: true };
    await expect(exportTo(cwd, '.', { ...alone, out: 'new' })).rejects.toMatchObject({
      code: 'output-foreign',
    });
    await exportTo(cwd, 'to', alone);
    mkdirSync(join(cwd, 'to/small', name));
    await exportTo(cwd, 'to', { ...alone, weights: 'int8' });
    expect(readSavedWeights(join(cwd, 'to/small')).description.weights.encoding).toBe('int8');
    expect(readdirSync(join(cwd, 'to/small', name))).toEqual([]);
  });

  it.each(['model.json', 'reader.js'])('replaces no %s but its own', async (name) => {
    const cwd = await workspace('mixer');
    await exportTo(cwd, 'to');
    writeFileSync(join(cwd, 'to/web', name), 'something else');
    const before = files(join(cwd, 'to'));
    await expect(exportTo(cwd, 'to', { force: true })).rejects.toMatchObject({ code: 'output-foreign' });
    expect(files(join(cwd, 'to'))).toEqual(before);
  });

  it.each(['mixer', 'attention by Luong'])(
    'killed at any write leaves the old model or the new one, and nothing when it is given again: %s',
    async (name) => {
      const cwd = await workspace(name);
      await exportTo(cwd, 'new', { weights: 'int8' });
      const fresh = files(join(cwd, 'new'));
      await exportTo(cwd, 'to');
      const old = files(join(cwd, 'to'));
      const crashes = await crashesOf(cwd, () => exportTo(cwd, 'to', { weights: 'int8', force: true }));
      expect(crashes.length).toBeGreaterThan(12);
      for (const { root, site } of crashes) {
        const left = files(join(root, 'to'));
        for (const file of ['m.onnx', 'web/model.json', 'web/ocrpipe.json', 'small/ocrpipe.json'])
          expect({ site, file, known: [old[file], fresh[file]] }).toMatchObject({
            known: expect.arrayContaining([left[file]]) as unknown,
          });
        expectWhole(join(root, 'to'));
        await exportTo(root, 'to', { weights: 'int8', force: true });
        expect({ site, files: files(join(root, 'to')) }).toEqual({ site, files: fresh });
      }
    },
  );

  it.each([
    ['crnn with GRU', 'ctc-beam'],
    ['attention by Luong', 'attention'],
  ] as const)(
    'says that a beam is not taken along, and what reading without costs: %s',
    async (name, type) => {
      const cwd = await workspace(name, { type, beam: 4, pattern: '[0-3]{2,4}' });
      const events: OcrpipeEvent[] = [];
      const { accuracy } = await exportTo(cwd, 'to', { data: 'data.jsonl' }, events);
      const notes = events.filter((event) => event.type === 'note');
      expect(notes).toMatchObject([{ code: 'export-reads-greedily' }]);
      expect(notes[0]).toMatchObject({
        message: expect.stringContaining('a beam of 4 and a pattern') as string,
      });
      expect(accuracy).toHaveProperty('greedily.cer');
      events.length = 0;
      await exportTo(cwd, 'only', { tfjs: undefined, onnx: undefined }, events);
      expect(events.filter((event) => event.type === 'note')).toEqual([]);
    },
  );
});

/** What is named in the forms is there, whole. */
function expectWhole(folder: string): void {
  readSavedWeights(join(folder, 'small'));
  readSavedWeights(join(folder, 'web'));
  for (const path of pathsOf(join(folder, 'web'))) expect(existsSync(join(folder, 'web', path))).toBe(true);
}

/** The files that the graph of a folder names: of weights, and of its own numbers. */
function pathsOf(folder: string): string[] {
  const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    weightsManifest: { paths: string[] }[];
  };
  return model.weightsManifest.flatMap(({ paths }) => paths);
}
