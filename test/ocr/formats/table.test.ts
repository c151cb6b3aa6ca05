import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsTsv, predictionsTsv } from '../../../src/ocr/evaluate/report-files.js';
import { scoreReadLine } from '../../../src/ocr/evaluate/scored-line.js';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
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

  it.each([
    ['with a header', 'image\ttext\n'],
    ['without one', ''],
    ['with one in other words', 'filename\ttranscription\n'],
  ])('of another program are kept where each could be an escape, %s', async (_, header) => {
    expect(await rows(table('l.tsv', `${header}a.png\t\\nu\nb.png\t\\theta\\\\\n`))).toEqual([
      ['a.png', '\\nu'],
      ['b.png', '\\theta\\\\'],
    ]);
  });

  it('of another program are kept under the header of a report, if its figures are not written like those', async () => {
    const header = 'image\ttext\tprediction\tconfidence\n';
    expect(await rows(table('l.tsv', `${header}a.png\t\\nu\tv\t0.98\nb.png\ty\ty\t0.9\n`))).toEqual([
      ['a.png', '\\nu'],
      ['b.png', 'y'],
    ]);
  });

  it('of a report are undone, also in a path', async () => {
    const name = 'a\tb\\n.png';
    const line = scoreReadLine({ image: name, text: 'C:\\new', prediction: '\\', confidence: 0.5 });
    for (const report of [predictionsTsv([line]), errorsTsv([line])]) {
      const folder = folderWith({ [name]: undefined, 'l.tsv': report });
      expect(await rows(join(folder, 'l.tsv'))).toEqual([[name, 'C:\\new']]);
    }
  });
});

describe('CSV', () => {
  it('may hold a cell of many megabytes, and as many quotes', async () => {
    const long = 'x'.repeat(20_000_000);
    const quotes = '""'.repeat(4_000_000);
    expect(await rows(table('l.csv', `image,text\na.png,"${long}"\nb.png,"${quotes}"\n`))).toEqual([
      ['a.png', long],
      ['b.png', '"'.repeat(4_000_000)],
    ]);
  });

  it('may end in an empty cell, with or without a line break', async () => {
    for (const end of ['', '\n', '\r\n']) {
      const read = await readSamples(table('l.csv', `image,text\na.png,x\nb.png,${end}`));
      expect(read.skipped).toEqual([{ name: 'line 3', reason: 'no text' }]);
      expect(read.samples.map(({ text }) => text)).toEqual(['x']);
    }
  });

  it.each([
    ['a quote that does not end', 'a.png,"x\nb.png,y\n', 2],
    ['text behind a quote', 'a.png,"x\ny"z\n', 3],
    ['a quote inside a cell', 'a.png,x\nb.png,5" long\n', 3],
  ])('with %s is refused with its line', async (_, lines, line) => {
    await expect(readSamples(table('l.csv', `image,text\n${lines}`))).rejects.toMatchObject({
      code: 'table-quotes',
      location: { line },
    });
  });
});
