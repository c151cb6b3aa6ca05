import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageIndex } from '../../../src/ocr/formats/image-index.js';
import { matchImages, type Matched } from '../../../src/ocr/formats/match-images.js';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import fc from '../../rig/fast-check.js';
import { folderWith, rows, rowsAndNotes } from '../../rig/label-folder.js';

/** Where `labels.json` lies beside these images. */
function labelled(labels: Record<string, string>, images: readonly string[]): string {
  const files = Object.fromEntries(images.map((name) => [name, undefined]));
  return join(folderWith({ ...files, 'labels.json': JSON.stringify(labels) }), 'labels.json');
}

const upload = (id: number, name: string, more: object = {}) => ({
  id,
  data: { ocr: `/data/upload/2/${name}` },
  annotations: [{ result: [{ type: 'textarea', from_name: 't', value: { text: [`text ${id}`] } }], ...more }],
});

function exported(tasks: readonly object[], images: readonly string[]): string {
  const files = Object.fromEntries(images.map((name) => [name, undefined]));
  return join(folderWith({ ...files, 'e.json': JSON.stringify(tasks) }), 'e.json');
}

describe('an image', () => {
  it('that a path names is never given to another label of the same file name', async () => {
    const file = labelled({ 'train/001.png': 'RIGHT', 'val/001.png': 'WRONG' }, ['train/001.png']);
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'image-missing',
      exitCode: 2,
      location: { file },
      message: expect.stringMatching(/val\/001\.png.* train\/001\.png is that of another label$/) as string,
    });
  });

  it('is not given to another label because its own is empty', async () => {
    const file = labelled({ 'train/001.png': ' ', 'val/001.png': 'WRONG' }, ['train/001.png']);
    await expect(readSamples(file)).rejects.toMatchObject({ code: 'image-missing' });
  });

  it('is nobody’s where two labels fit it equally well', async () => {
    const file = labelled({ 'train/001.png': 'a', 'val/001.png': 'b' }, ['001.png']);
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'image-ambiguous',
      exitCode: 2,
      message: expect.stringMatching(/train\/001\.png and val\/001\.png may both be 001\.png/) as string,
    });
  });

  it('belongs to the label with the longer end of its path', async () => {
    const labels = { 's3://b/f/1848/a.png': 'x', 's3://b/f/1900/a.png': 'y' };
    expect(await rows(labelled(labels, ['1848/a.png', '1900/a.png']))).toEqual([
      ['1848/a.png', 'x'],
      ['1900/a.png', 'y'],
    ]);
    await expect(readSamples(labelled(labels, ['1848/a.png']))).rejects.toMatchObject({
      code: 'image-missing',
    });
  });

  it('of one name that two uploads had is nobody’s, also if one of them was cancelled', async () => {
    for (const more of [{}, { was_cancelled: true }]) {
      const tasks = [upload(1, '1a2b3c4d-001.png'), upload(2, '5e6f7a8b-001.png', more)];
      await expect(readSamples(exported(tasks, ['001.png']))).rejects.toMatchObject({
        code: 'image-ambiguous',
      });
      expect(await rows(exported(tasks, ['1a2b3c4d-001.png', '5e6f7a8b-001.png']))).toContainEqual([
        '1a2b3c4d-001.png',
        'text 1',
      ]);
    }
  });

  it('that is found by its name alone is said', async () => {
    const { read, notes } = await rowsAndNotes(exported([upload(1, '1a2b3c4d-001.png')], ['x/001.png']), {
      shownAs: 'e.json',
    });
    expect(read).toEqual([['x/001.png', 'text 1']]);
    expect(notes).toEqual([
      {
        type: 'note',
        level: 'info',
        code: 'images-by-name',
        message:
          'e.json: 1 of 1 images were not found by their path but by the end of it, for example /data/upload/2/1a2b3c4d-001.png as x/001.png',
      },
    ]);
  });

  it('in a folder of another name is a warning', async () => {
    const { notes } = await rowsAndNotes(labelled({ 'val/001.png': 'a' }, ['train/001.png']));
    expect(notes).toMatchObject([{ level: 'warning', code: 'images-by-name' }]);
  });

  it('that its path leads to is not worth a note', async () => {
    const { notes } = await rowsAndNotes(labelled({ 'val/001.png': 'a' }, ['val/001.png']));
    expect(notes).toEqual([]);
  });

  it.each([
    ['labels.json', '{"a.png":"x","./a.png":"y"}'],
    ['l.tsv', 'a.png\tx\na.png\ty\n'],
    ['l.jsonl', '{"image":"a.png","text":"x"}\n{"image":"a.png","text":"y"}\n'],
  ])('has one text only, in %s', async (name, content) => {
    const folder = folderWith({ 'a.png': undefined, [name]: content });
    await expect(readSamples(join(folder, name))).rejects.toMatchObject({
      code: 'image-two-texts',
      exitCode: 2,
      message: expect.stringContaining("'x'") as string,
      ...(name === 'labels.json' ? {} : { location: { file: join(folder, name), line: 2 } }),
    });
  });

  it('may be named twice with one text, composed or not', async () => {
    const folder = folderWith({ 'a.png': undefined, 'l.tsv': `a.png\té\na.png\t${'é'.normalize('NFD')}\n` });
    expect(await rows(join(folder, 'l.tsv'))).toHaveLength(2);
  });
});

describe('labels whose images are all found', () => {
  it('share no image unless each says its path, whatever they and the images are called', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b'), { maxLength: 2 })
      .chain((folders) => fc.constantFrom('1.png', '2.png').map((name) => [...folders, name].join('/')));
    const names = fc.uniqueArray(path, { minLength: 1, maxLength: 4 });
    let found = 0;
    fc.assert(
      fc.property(names, names, (labels, images) => {
        const taken = new Set<string>();
        for (const { entry, image, guessedFrom } of matched(labels, images)) {
          found += 1;
          expect(guessedFrom === undefined).toBe(images.includes(entry.text));
          expect(basename(image.name)).toBe(basename(entry.text));
          expect(taken).not.toContain(image.path);
          taken.add(image.path);
        }
      }),
    );
    expect(found).toBeGreaterThan(0);
  });
});

/** The images of labels (each with its reference as its text), or none if one of them gets none. */
function matched(labels: readonly string[], images: readonly string[]): Matched[] {
  const folder = folderWith(Object.fromEntries(images.map((name) => [name, undefined])));
  const entries = labels.map((reference) => ({
    name: reference,
    image: { reference },
    text: reference,
    more: {},
  }));
  try {
    return matchImages({ entries, taken: [], index: imageIndex(folder), file: undefined });
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return [];
  }
}

describe('a key of labels.json', () => {
  it('that stands there twice is refused with its line', async () => {
    const file = join(folderWith({ 'a.png': undefined, 'l.json': '{"a.png":"x",\n"a.png":"y"}' }), 'l.json');
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'labels-json-twice',
      location: { file, line: 2 },
    });
  });

  it('of 5000 characters is an image that is missing', async () => {
    const file = labelled({ [`${'x'.repeat(5000)}.png`]: 'a' }, ['a.png']);
    await expect(readSamples(file)).rejects.toMatchObject({ code: 'image-missing', exitCode: 2 });
    await expect(readSamples(file)).rejects.toThrow(/^.{200,1000}$/s);
  });
});

describe('a reference', () => {
  it.each([
    ['s3://bucket/x/a#1.png', 'a#1.png'],
    ['gs://bucket/x/a?1.png', 'a?1.png'],
    ['s3://bucket/x/a%41.png', 'a%41.png'],
    ['/data/photos/a#1.png', 'a#1.png'],
    ['/data/photos/a%41.png', 'a%41.png'],
    ['photos/a%41.png', 'a%41.png'],
    ['https://host/x/a%41.png?sig=1#top', 'aA.png'],
    ['https://host/x/a%41.png', 'a%41.png'],
    ['/data/upload/2/1a2b3c4d-a%20b.png', 'a b.png'],
    ['http://localhost:8080/data/local-files/?d=x%2Fa%20b.png', 'a b.png'],
    ['C:\\photos\\a.png', 'a.png'],
  ])('%s finds %s', async (reference, name) => {
    expect(await rows(labelled({ [reference]: 't' }, [`photos/${name}`]))).toEqual([[`photos/${name}`, 't']]);
  });

  it.each(['s3://bucket/a%41.png', 's3://bucket/aA.png?x'])('%s does not find aA.png', async (reference) => {
    await expect(readSamples(labelled({ [reference]: 't' }, ['aA.png']))).rejects.toMatchObject({
      code: 'image-missing',
    });
  });
});
