import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import { tsvLine, tsvRows } from '../../../src/ocr/formats/tsv.js';
import { folderWith, rows } from '../../rig/label-folder.js';

/** Where a table lies beside `a.png` and `b.png`. */
function table(name: string, content: string): string {
  return join(folderWith({ 'a.png': undefined, 'b.png': undefined, [name]: content }), name);
}

const BOTH = [
  ['a.png', 'x'],
  ['b.png', 'y'],
];

describe('rows of a table', () => {
  it('with one id are labels of their own', async () => {
    expect(await rows(table('l.tsv', 'id\timage\ttext\n7\ta.png\tx\n7\tb.png\ty\n'))).toEqual(BOTH);
    expect(await rows(table('l.csv', 'id,image,text\n7,a.png,x\n7,b.png,y\n'))).toEqual(BOTH);
  });

  it('with one id and one image are refused if they contradict each other', async () => {
    const file = table('l.tsv', 'id\timage\ttext\n7\ta.png\tx\n7\ta.png\ty\n');
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'image-two-texts',
      location: { file, line: 3 },
      message: "a.png has two labels: 'x' (line 2) and 'y' (line 3)",
    });
  });

  it('of one Label Studio task are its annotations: the oldest with text counts', async () => {
    const content = 'annotation_id,id,image,text\n9,1,a.png,new\n8,1,a.png,x\n7,1,a.png,\n3,2,b.png,y\n';
    expect(await rows(table('l.csv', content))).toEqual(BOTH);
  });

  it('are there: a header alone holds no labels', async () => {
    await expect(readSamples(table('l.csv', 'image,text\n'))).rejects.toMatchObject({
      code: 'label-file-empty',
    });
  });

  it('may end in empty lines', async () => {
    expect(await rows(table('l.csv', 'image,text\r\na.png,x\r\nb.png,y\r\n\r\n\n'))).toEqual(BOTH);
    expect(await rows(table('l.tsv', 'image\ttext\na.png\tx\n\nb.png\ty\n \n'))).toEqual(BOTH);
  });

  it('are all named where their cells are too many or too few', async () => {
    const file = table('l.csv', 'image,text\na.png\n"a\nb",y\nb.png,y,z\n');
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'table-cells',
      location: { file },
      message: expect.stringMatching(/^2 of 3 .*line 2 has 1 .*line 5 has 3 /s) as string,
    });
  });
});

describe('the column of the text', () => {
  it.each([
    ['label', 'hash'],
    ['transcription', 'split'],
    ['Ground Truth', 'sha256'],
    ['gt', 'source'],
    ['plate', 'camera'],
  ])('is %s, whatever %s holds', async (name, other) => {
    const content = `image\t${other}\t${name}\na.png\t1f\tx\nb.png\t2e\tx\n`;
    expect(await rows(table('l.tsv', content))).toEqual([
      ['a.png', 'x'],
      ['b.png', 'x'],
    ]);
  });

  it('is the only one, whatever its name', async () => {
    expect(await rows(table('l.csv', 'image,foo,empty\na.png,x,\nb.png,y,\n'))).toEqual(BOTH);
  });

  it.each([
    ['hash, kind', 'image,hash,kind\na.png,1f,x\nb.png,2e,x\n'],
    ['label, text', 'image,label,text,hash\na.png,x,1,5\nb.png,y,2,6\n'],
  ])('is asked for where it may be %s', async (names, content) => {
    const file = table('l.csv', content);
    const [first = ''] = names.split(', ');
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'label-records-field',
      exitCode: 2,
      message: `${file}: which column holds the text is not clear: ${names}`,
      hint: `Name it: --field ${first}`,
    });
    expect((await rows(file, { field: first })).map(([name]) => name)).toEqual(['a.png', 'b.png']);
  });

  it('is found with that of the image in a header that says neither image nor text', async () => {
    expect(await rows(table('l.tsv', 'transcription\tfilename\nx\ta.png\ny\tb.png\n'))).toEqual(BOTH);
  });

  it('has a name of its own', async () => {
    await expect(readSamples(table('l.csv', 'image,text,text\na.png,x,y\n'))).rejects.toMatchObject({
      code: 'table-columns',
    });
  });
});

describe('backslashes in a TSV', () => {
  it('of another program are those of paths and texts', async () => {
    const folder = folderWith({
      'a/table/new.png': undefined,
      'a/rust/b.png': undefined,
      'one.tsv': 'a\\table\\new.png\tx\n',
      'two.tsv': 'image\ttext\na\\rust\\b.png\tC:\\new\n',
    });
    expect(await rows(join(folder, 'one.tsv'))).toEqual([['a/table/new.png', 'x']]);
    expect(await rows(join(folder, 'two.tsv'))).toEqual([['a/rust/b.png', 'C:\\new']]);
  });

  it('of ocrpipe are undone, also in a path', async () => {
    const name = 'a\tb\\n.png';
    const folder = folderWith({ [name]: undefined, 'l.tsv': tsvLine([name, 'C:\\new']) });
    expect(await rows(join(folder, 'l.tsv'))).toEqual([[name, 'C:\\new']]);
  });

  it('come back from what ocrpipe writes, whatever the cells hold', () => {
    const cell = fc.string({
      unit: fc.constantFrom('\\', '\t', '\n', '\r', 't', 'n', 'a', 'ß'),
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (cells) => {
        expect(tsvRows(cells.map(tsvLine).join(''))).toEqual(cells);
      }),
    );
  });
});
