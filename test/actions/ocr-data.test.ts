import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/actions/convert.js';
import { evaluate } from '../../src/actions/evaluate.js';
import { split, type SplitInput } from '../../src/actions/split.js';
import { synth, type SynthInput } from '../../src/actions/synth.js';
import { train, type TrainInput } from '../../src/actions/train.js';
import { TEMPORARY_PREFIX } from '../../src/base/atomic-file.js';
import type { Call } from '../../src/base/call.js';
import type { EventSink, OcrpipeEvent } from '../../src/base/events.js';
import { SPACE_MARK } from '../../src/base/process-space.js';
import { readWholeManifest } from '../../src/ocr/formats/manifest.js';
import { tableRows } from '../../src/ocr/formats/own-tables.js';
import { quietCall } from '../rig/call.js';
import { fileListing } from '../rig/file-listing.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const style = { heightPx: 24, blurPx: 0.5, noise: 5, slantDegrees: 3, contrast: 0.8 };

function synthInput(more: Partial<SynthInput> = {}): SynthInput {
  return {
    out: 'data/lines',
    count: 60,
    seed: 1,
    length: '3..5',
    alphabet: 'ABCDEF123',
    fonts: [],
    style,
    ...more,
  };
}

function splitInput(more: Partial<SplitInput> = {}): SplitInput {
  return {
    source: 'data/all.jsonl',
    out: 'data/split',
    share: 'train=0.8,test=0.2',
    seed: 7,
    group: 'text',
    stable: false,
    ...more,
  };
}

describe('several sources', () => {
  /** Two drawn folders and a manifest of the first of them. */
  async function twoFolders(): Promise<Call> {
    const call = quietCall(temporaryFolder());
    await synth(synthInput({ out: 'one', count: 4 }), call);
    await synth(synthInput({ out: 'two', count: 3, seed: 2 }), call);
    await convert({ sources: ['one'], out: 'parts/one.jsonl' }, call);
    return call;
  }

  it('become one manifest in their order, whatever their formats', async () => {
    const call = await twoFolders();
    const result = await convert({ sources: ['parts/one.jsonl', 'two'], out: 'both/all.jsonl' }, call);
    expect(result).toMatchObject({ format: 'manifest, labels-json', count: 7, skipped: [] });
    const samples = await readWholeManifest(join(call.cwd, 'both/all.jsonl'));
    expect(samples.map(({ name }) => name)).toEqual([
      ...[1, 2, 3, 4].map((number) => `../one/images/00000${number}.png`),
      ...[1, 2, 3].map((number) => `../two/images/00000${number}.png`),
    ]);
  });

  it('name an image once if they agree on it, and are refused if they do not', async () => {
    const call = await twoFolders();
    const agreed = await convert({ sources: ['one', 'parts/one.jsonl'], out: 'all.jsonl' }, call);
    expect(agreed.count).toBe(4);
    writeFileSync(join(call.cwd, 'other.tsv'), 'one/images/000002.png\tanother\n');
    const differing = convert({ sources: ['one', 'other.tsv'], out: 'differing.jsonl' }, call);
    await expect(differing).rejects.toMatchObject({
      code: 'image-two-texts',
      exitCode: 2,
      message: expect.stringMatching(/has two labels: '\w+' in one, and 'another'$/) as string,
    });
    expect(existsSync(join(call.cwd, 'differing.jsonl'))).toBe(false);
  });
});

describe('from drawn lines to figures', () => {
  it('goes through synth, convert, split and evaluate', async () => {
    const call = quietCall(temporaryFolder());
    const drawn = await synth(synthInput(), call);
    expect(drawn).toMatchObject({ out: 'data/lines', count: 60, texts: 60 });
    const converted = await convert({ sources: ['data/lines'], out: 'data/all.jsonl' }, call);
    expect(converted).toMatchObject({
      format: 'labels-json',
      count: 60,
      skipped: [],
      examples: drawn.examples,
    });
    const parts = await split(splitInput(), call);
    expect(parts.parts).toEqual([
      { name: 'train', file: 'data/split/train.jsonl', count: 48, share: 0.8, texts: 48 },
      { name: 'test', file: 'data/split/test.jsonl', count: 12, share: 0.2, texts: 12 },
    ]);
    const samples = await readWholeManifest(join(call.cwd, 'data/split/test.jsonl'));
    for (const { image } of samples) expect(existsSync(image)).toBe(true);
    const read = samples.map(({ name, text }, index) => `${name}\t${index === 0 ? '' : text}\t0.5\n`);
    writeFileSync(join(call.cwd, 'data/split/read.tsv'), read.join(''));
    const figures = await evaluate(
      {
        predictions: 'data/split/read.tsv',
        data: 'data/split/test.jsonl',
        out: 'reports/test',
        metrics: 'reports/test.json',
      },
      call,
    );
    expect(figures).toMatchObject({ count: 12, exact: 11 / 12, errors: 1, unknownCharacters: [] });
    const { exact, cer, levenshtein, charF1, count } = figures;
    expect(JSON.parse(readFileSync(join(call.cwd, 'reports/test.json'), 'utf8'))).toEqual({
      exact,
      cer,
      levenshtein,
      charF1,
      count,
    });
    const [header, first] = tableRows(
      readFileSync(join(call.cwd, 'reports/test/predictions.tsv'), 'utf8'),
    ).map(({ cells }) => cells);
    expect(header).toEqual(['image', 'text', 'prediction', 'confidence']);
    expect(existsSync(join(call.cwd, 'reports/test', first![0]!))).toBe(true);
    expect(readdirSync(join(call.cwd, 'reports/test')).sort()).toEqual([
      'confusions.tsv',
      'errors.tsv',
      'predictions.tsv',
    ]);
  });

  it('scores the predictions of an earlier evaluation alike, without the labels', async () => {
    const call = quietCall(temporaryFolder());
    writeFileSync(join(call.cwd, 'p.tsv'), 'image\ttext\tprediction\na.png\tab\tac\n');
    const first = await evaluate({ predictions: 'p.tsv', out: 'one' }, call);
    const again = await evaluate({ predictions: 'one/predictions.tsv', out: 'two' }, call);
    expect(again).toEqual({ ...first, out: 'two' });
    expect(readFileSync(join(call.cwd, 'two/errors.tsv'))).toEqual(
      readFileSync(join(call.cwd, 'one/errors.tsv')),
    );
  });
});

describe('synth', () => {
  it("draws the words of a manifest's labels, without those that a font cannot draw", async () => {
    const notes: OcrpipeEvent[] = [];
    const events: EventSink = (event) => notes.push(event);
    const call = { ...quietCall(temporaryFolder()), events };
    const labels = { 'a.png': 'Haus am  See', 'b.png': 'am 皖京 Berg' };
    const lines = Object.entries(labels).map(([image, text]) => JSON.stringify({ image, text }));
    writeFileSync(join(call.cwd, 'labels.jsonl'), `${lines.join('\n')}\n`);
    const font = join(import.meta.dirname, '../../node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
    for (const fonts of [[], [font]]) {
      const words = { words: 'labels.jsonl', alphabet: undefined, length: '2..8', count: 20, fonts };
      const { examples } = await synth(synthInput(words), call);
      const drawn = examples.flatMap(({ text }) => text.split(' '));
      expect(['Haus', 'am', 'See', 'Berg']).toEqual(expect.arrayContaining(drawn));
      const told = notes.filter((event) => event.type === 'note' && event.code === 'words-without-glyphs');
      expect(told).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/^1 word of 5 .*皖.*京/) as string }),
      ]);
      notes.length = 0;
    }
  });

  it('draws the words of labels of any kind', async () => {
    const call = quietCall(temporaryFolder());
    writeFileSync(join(call.cwd, 'labels.json'), '{"a.png":"ab cd","b.png":"ef"}');
    writeFileSync(join(call.cwd, 'labels.CSV'), 'image,text\na.png,ab cd\nb.png,ef\n');
    writeFileSync(join(call.cwd, 'labels.tsv'), 'image\ttext\na.png\tab cd\nb.png\tef\n');
    for (const [name, text] of [
      ['a', 'ab cd'],
      ['b', 'ef'],
    ]) {
      mkdirSync(join(call.cwd, 'lines'), { recursive: true });
      writeFileSync(join(call.cwd, 'lines', `${name}.gt.txt`), text!);
      writeFileSync(join(call.cwd, 'lines', `${name}.png`), '');
    }
    for (const words of ['labels.json', 'labels.CSV', 'labels.tsv', 'lines']) {
      const { examples } = await synth(
        synthInput({ words, alphabet: undefined, length: '2', count: 3 }),
        call,
      );
      expect(examples.map(({ text }) => text).sort()).toEqual(['ab', 'cd', 'ef']);
    }
  });

  it('draws no words of a file without any', async () => {
    const call = quietCall(temporaryFolder());
    for (const text of ['', ' \n\n']) {
      writeFileSync(join(call.cwd, 'words.txt'), text);
      await expect(
        synth(synthInput({ words: 'words.txt', alphabet: undefined }), call),
      ).rejects.toMatchObject({ code: 'words-missing', exitCode: 2 });
    }
  });

  it('says of labels that it cannot use what can be done with them here', async () => {
    const call = quietCall(temporaryFolder());
    for (const file of ['none.jsonl', 'none.json']) writeFileSync(join(call.cwd, file), '');
    for (const words of ['', 'none.jsonl', 'none.json'])
      await expect(synth(synthInput({ words, alphabet: undefined }), call)).rejects.toMatchObject({
        code: 'words-missing',
        exitCode: 2,
      });
    mkdirSync(join(call.cwd, 'images'));
    writeFileSync(join(call.cwd, 'images/1.png'), '');
    writeFileSync(join(call.cwd, 'list.json'), '["ab", "cd"]');
    for (const words of ['images', 'list.json'])
      await expect(synth(synthInput({ words, alphabet: undefined }), call)).rejects.toMatchObject({
        exitCode: 2,
        hint: expect.stringMatching(/^Give words one a line, .*'ocrpipe convert'/) as string,
      });
  });

  it('draws from words or from an alphabet, never from both', async () => {
    const call = quietCall(temporaryFolder());
    writeFileSync(join(call.cwd, 'words.txt'), 'ab\ncde\nfar-too-long\n');
    await expect(synth(synthInput({ words: 'words.txt' }), call)).rejects.toMatchObject({
      code: 'synth-source',
      exitCode: 2,
    });
    const drawn = await synth(synthInput({ words: 'words.txt', alphabet: undefined }), call);
    for (const { text } of drawn.examples) expect(['ab', 'cde', 'ab ab']).toContain(text);
  });
});

describe('convert', () => {
  it('writes nothing when an image is unreadable, and names it', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    writeFileSync(join(call.cwd, 'data/lines/images/000007.png'), 'no image');
    const earlier = '{"image":"a.png","text":"what was there"}\n';
    writeFileSync(join(call.cwd, 'all.jsonl'), earlier);
    await expect(convert({ sources: ['data/lines'], out: 'all.jsonl' }, call)).rejects.toMatchObject({
      code: 'image-unreadable',
      exitCode: 2,
      message: expect.stringContaining('000007.png') as string,
    });
    expect(readFileSync(join(call.cwd, 'all.jsonl'), 'utf8')).toBe(earlier);
    expect(readdirSync(call.cwd).sort()).toEqual(['all.jsonl', 'data']);
  });

  it('names all images that are bad, up to twenty of them, and how many more there are', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    for (let number = 11; number <= 33; number += 1) {
      writeFileSync(join(call.cwd, `data/lines/images/0000${number}.png`), 'no image');
    }
    await expect(convert({ sources: ['data/lines'], out: 'all.jsonl' }, call)).rejects.toMatchObject({
      code: 'images-unreadable',
      exitCode: 2,
      message: expect.stringMatching(
        /^23 of 60 .*000011\.png.*000030\.png[^\n]*\n {2}and 3 more \('--json' has them all\)$/s,
      ) as string,
    });
    expect(existsSync(join(call.cwd, 'all.jsonl'))).toBe(false);
  });

  it('names all images that are missing', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    for (const name of ['000007', '000009']) rmSync(join(call.cwd, `data/lines/images/${name}.png`));
    await expect(convert({ sources: ['data/lines'], out: 'all.jsonl' }, call)).rejects.toMatchObject({
      code: 'image-missing',
      exitCode: 2,
      message: expect.stringMatching(/^2 of 60 .*000007\.png.*000009\.png/s) as string,
    });
  });

  it('names paths from the folder of the call, and the sibling that was meant', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    await expect(convert({ sources: ['data/line'], out: 'all.jsonl' }, call)).rejects.toMatchObject({
      code: 'source-missing',
      message: 'data/line does not exist',
      location: { file: 'data/line' },
      hint: "Did you mean 'data/lines'?",
    });
  });

  it('writes the same bytes again', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    await convert({ sources: ['data/lines'], out: 'a.jsonl' }, call);
    await convert({ sources: ['a.jsonl'], out: 'b.jsonl' }, call);
    expect(readFileSync(join(call.cwd, 'b.jsonl'))).toEqual(readFileSync(join(call.cwd, 'a.jsonl')));
  });
});

describe('names that are no labels', () => {
  /** A folder `raw` of four images, one of which is named like no label, and the codes and messages of notes. */
  async function photos(): Promise<{ call: Call; notes: string[] }> {
    const notes: string[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'note') notes.push(`${event.code}: ${event.message}`);
    };
    const call: Call = { ...quietCall(temporaryFolder()), events };
    await synth(synthInput({ count: 4 }), call);
    mkdirSync(join(call.cwd, 'raw'));
    for (const [index, name] of ['AB123', 'CD456', 'EF789', 'IMG_1'].entries()) {
      renameSync(
        join(call.cwd, `data/lines/images/00000${index + 1}.png`),
        join(call.cwd, `raw/${name}.png`),
      );
    }
    return { call, notes };
  }

  const said =
    "labels-skipped: raw: 1 of 4 entries are skipped:\n  IMG_1.png: a name with '_' does not look like a label";

  it.each(['convert', 'split', 'evaluate'])('are said by %s', async (command) => {
    const { call, notes } = await photos();
    const source = { source: 'raw', format: 'ccpd' };
    if (command === 'convert')
      await convert({ sources: [source.source], format: source.format, out: 'all.jsonl' }, call);
    else if (command === 'split') await split(splitInput(source), call);
    else {
      writeFileSync(join(call.cwd, 'p.tsv'), 'raw/AB123.png\tA\nraw/CD456.png\tB\nraw/EF789.png\tC\n');
      await evaluate({ predictions: 'p.tsv', data: 'raw', format: 'ccpd', out: 'r' }, call);
    }
    expect(notes).toEqual([said]);
  });
});

describe('split', () => {
  it('takes any known format directly', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    expect((await split(splitInput({ source: 'data/lines' }), call)).count).toBe(60);
  });

  it('refuses a folder that holds parts of another split', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    await split(splitInput({ source: 'data/lines', share: 'train=0.8,val=0.2' }), call);
    await expect(split(splitInput({ source: 'data/lines' }), call)).rejects.toMatchObject({
      code: 'split-leftover',
      exitCode: 2,
    });
    expect(readdirSync(join(call.cwd, 'data/split')).sort()).toEqual(['train.jsonl', 'val.jsonl']);
  });
});

describe('synth', () => {
  it('replaces what it drew before, all of it', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    await synth(synthInput({ count: 5 }), call);
    expect(readdirSync(join(call.cwd, 'data/lines/images'))).toHaveLength(5);
    expect(readdirSync(join(call.cwd, 'data'))).toEqual(['lines']);
  });

  it('leaves a folder of anything else alone', async () => {
    const call = quietCall(temporaryFolder());
    mkdirSync(join(call.cwd, 'data/lines/images'), { recursive: true });
    writeFileSync(join(call.cwd, 'data/lines/images/mine.png'), 'mine');
    await expect(synth(synthInput(), call)).rejects.toMatchObject({ code: 'synth-out-taken', exitCode: 2 });
    expect(readdirSync(join(call.cwd, 'data'))).toEqual(['lines']);
  });

  it.each([
    ['a label that was corrected', 'labels.json', '{"images/000001.png":"CORRECTED"}\n'],
    ['an image that was edited', 'images/000001.png', 'edited'],
    ['an image that was added', 'images/000061.png', 'mine'],
    ['a file that was added', 'notes.txt', 'mine'],
    ['a record that is none', '.synth.json', '{}'],
    ['a folder for an image', 'images/000001.png', undefined],
  ])('leaves its own folder alone with %s in it', async (_, name, content) => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    const file = join(call.cwd, 'data/lines', name);
    rmSync(file, { force: true });
    if (content === undefined) mkdirSync(file);
    else writeFileSync(file, content);
    const before = fileListing(call.cwd);
    await expect(synth(synthInput({ seed: 9 }), call)).rejects.toMatchObject({
      code: 'synth-out-taken',
      exitCode: 2,
    });
    expect(fileListing(call.cwd)).toEqual(before);
  });

  it('removes what a killed one left half drawn', async () => {
    const call = quietCall(temporaryFolder());
    const dead = (2 ** 23).toString(36); // above what Linux gives to a process
    const left = `data/${TEMPORARY_PREFIX}${dead}-${SPACE_MARK}00000000-lines`;
    for (const seed of [1, 2]) {
      mkdirSync(join(call.cwd, left, 'images'), { recursive: true });
      writeFileSync(join(call.cwd, left, 'images/000001.png'), '');
      await synth(synthInput({ seed }), call);
      expect(readdirSync(join(call.cwd, 'data'))).toEqual(['lines']);
    }
  });

  it('leaves its own folder alone with an image missing in it, and replaces it as it was copied', async () => {
    const call = quietCall(temporaryFolder());
    await synth(synthInput(), call);
    cpSync(join(call.cwd, 'data/lines'), join(call.cwd, 'data/copy'), { recursive: true });
    await synth(synthInput({ out: 'data/copy', seed: 9 }), call);
    rmSync(join(call.cwd, 'data/lines/images/000001.png'));
    await expect(synth(synthInput(), call)).rejects.toMatchObject({ code: 'synth-out-taken' });
  });

  it('stops when it is interrupted and leaves nothing behind', async () => {
    const cwd = temporaryFolder();
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(synth(synthInput(), { ...quietCall(cwd), signal })).rejects.toThrow('interrupted');
    expect(readdirSync(join(cwd, 'data'))).toEqual([]);
  });
});

describe('evaluate', () => {
  it.each([[{ out: 'r' }], [{ out: 'r', model: ['m'], predictions: 'p' }], [{ out: 'r', model: ['m'] }]])(
    'asks what to evaluate: %j',
    async (input) => {
      await expect(evaluate(input, quietCall(temporaryFolder()))).rejects.toMatchObject({
        code: 'evaluate-what',
        exitCode: 2,
      });
    },
  );
});

describe('train', () => {
  it('says that defaults are taken where there is no params.yaml', async () => {
    const notes: string[] = [];
    const call: Call = {
      ...quietCall(temporaryFolder()),
      events: (event) => {
        if (event.type === 'note') notes.push(event.message);
      },
    };
    const input: TrainInput = { train: 'a.jsonl', val: 'a.jsonl', out: 'm', backend: 'wasm', resume: true };
    await expect(train(input, call)).rejects.toMatchObject({ code: 'source-missing' });
    expect(notes).toEqual(['there is no params.yaml: defaults are taken for model, train and augment']);
  });
});
