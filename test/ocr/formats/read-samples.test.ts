import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import { folderWith, rows, rowsAndNotes } from '../../rig/label-folder.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

function failure(code: string): unknown {
  return expect.objectContaining({ code, exitCode: 2 });
}

describe('labels in file names', () => {
  it('are found where every image is named like a plate, a running number in front or not', async () => {
    const folder = folderWith({
      '01-皖A12345.jpg': undefined,
      '京B8888X.png': undefined,
      'README.md': '# x',
    });
    const read = await readSamples(folder);
    expect(read.format).toBe('ccpd');
    expect(read.samples.map(({ text }) => text)).toEqual(['皖A12345', '京B8888X']);
  });

  it.each([
    ['one name is none', ['皖A12345.jpg', 'holiday photo.jpg']],
    ['a camera counted', ['IMG0001.jpg', 'IMG0002.jpg']],
    ['two cameras counted', ['DSC00123.jpg', 'IMG0001.jpg']],
    ['one camera named like many', ['P1010001.jpg', 'AAV358.jpg']],
    ['a scanner counted in its own way', ['B0001.jpg', 'B0002.jpg']],
    ['they are numbers', ['0001.jpg', '0002.jpg']],
  ])('are asked for where %s', async (_, names) => {
    const folder = folderWith(Object.fromEntries(names.map((name) => [name, undefined])));
    await expect(readSamples(folder)).rejects.toThrow(failure('format-not-named'));
    await expect(readSamples(folder)).rejects.toMatchObject({
      hint: expect.stringContaining('--format ccpd') as string,
    });
    expect(await rows(folder, { format: 'ccpd' })).toHaveLength(2);
  });
});

describe('a folder in which some names are no labels', () => {
  const names = ['AAV358.jpg', 'AAV358_2.jpg', 'ABC123.jpg', 'IMG_1234.jpg', 'photo (2).jpg'];
  const folder = (): string => folderWith(Object.fromEntries(names.map((name) => [name, undefined])));

  it('is refused with these names and what to do', async () => {
    await expect(readSamples(folder())).rejects.toMatchObject({
      code: 'format-not-named',
      message: expect.stringContaining(
        '2 of 5 names read as labels; these do not: AAV358_2.jpg, IMG_1234.jpg, photo (2).jpg',
      ) as string,
      hint: expect.stringContaining('Rename') as string,
    });
  });

  it('is read as ccpd without them, each with its reason, or not at all if strict', async () => {
    const read = await readSamples(folder(), { format: 'ccpd' });
    expect(read.samples.map(({ text }) => text)).toEqual(['AAV358', 'ABC123']);
    expect(read.skipped).toEqual([
      { name: 'AAV358_2.jpg', reason: "a name with '_' does not look like a label" },
      { name: 'IMG_1234.jpg', reason: "a name with '_' does not look like a label" },
      { name: 'photo (2).jpg', reason: 'the name of a copy does not look like a label' },
    ]);
    await expect(readSamples(folder(), { format: 'ccpd', strict: true })).rejects.toThrow(
      failure('samples-unusable'),
    );
  });
});

describe('gt.txt pairs', () => {
  it('are found in folders below, by the image of the same name', async () => {
    const folder = folderWith({
      '1800/b.gt.txt': ' b  b\n',
      '1800/b.bin.png': undefined,
      'a.gt.txt': '\ufeffa',
      'a.tif': undefined,
    });
    expect(await rows(folder)).toEqual([
      ['1800/b.bin.png', 'b  b'],
      ['a.tif', 'a'],
    ]);
  });

  it('list an image without a label as skipped, or refuse it if strict', async () => {
    const folder = folderWith({ 'a.gt.txt': 'a', 'a.png': undefined, 'b.png': undefined });
    expect((await readSamples(folder)).skipped).toEqual([{ name: 'b.png', reason: 'no .gt.txt beside it' }]);
    await expect(readSamples(folder, { strict: true })).rejects.toThrow(failure('samples-unusable'));
  });

  it.each([
    ['label-file-empty', { 'a.gt.txt': ' \n', 'a.png': undefined }],
    ['label-file-not-utf8', { 'a.gt.txt': Buffer.from([0xff, 0xfe]), 'a.png': undefined }],
    ['image-missing', { 'a.gt.txt': 'a' }],
    ['image-ambiguous', { 'a.gt.txt': 'a', 'a.png': undefined, 'a.jpg': undefined }],
  ])('end in %s', async (code, files) => {
    await expect(readSamples(folderWith(files))).rejects.toThrow(failure(code));
  });
});

describe('the image of a gt.txt', () => {
  it.each(['bin', 'nrm', 'raw', 'dew', 'gray', 'desp'])('may be a known variant of it: .%s', async (kind) => {
    const name = `a.${kind}.png`;
    expect(await rows(folderWith({ 'a.gt.txt': 'a', [name]: undefined }))).toEqual([[name, 'a']]);
  });

  it.each([
    ['2024-05-01.gt.txt', '2024-05-01.12.png'],
    ['line.gt.txt', 'line.1.png'],
    ['line.gt.txt', 'line.1'],
  ])('is none whose name merely goes on: %s, %s', async (label, image) => {
    const folder = folderWith({ [label]: 'x', [image]: undefined });
    await expect(readSamples(folder)).rejects.toThrow(failure('image-missing'));
  });

  it('is that of its very name, and the variants beside it are listed as passed over', async () => {
    const folder = folderWith({
      'a.gt.txt': 'a',
      'a.png': undefined,
      'a.bin.png': undefined,
      'a.1.png': undefined,
    });
    expect(await readSamples(folder)).toMatchObject({
      samples: [{ name: 'a.png', text: 'a' }],
      skipped: [
        { name: 'a.1.png', reason: 'no .gt.txt beside it' },
        { name: 'a.bin.png', reason: 'a.gt.txt is read with a.png' },
      ],
    });
  });

  it.each([
    ['a.bin.png', 'a.nrm.png'],
    ['a.dew.png', 'a.gray.png'],
  ])('is asked for where only variants are there: %s, %s', async (one, other) => {
    const folder = folderWith({ 'a.gt.txt': 'a', [one]: undefined, [other]: undefined });
    await expect(readSamples(folder)).rejects.toThrow(failure('image-ambiguous'));
  });

  it('belongs to the label that has its whole name', async () => {
    const folder = folderWith({
      'a.bin.gt.txt': 'b',
      'a.bin.png': undefined,
      'a.gt.txt': 'a',
      'a.png': undefined,
    });
    expect(await rows(folder)).toEqual([
      ['a.bin.png', 'b'],
      ['a.png', 'a'],
    ]);
  });
});

describe('gt.txt labels that cannot be used', () => {
  it('are all named in one error', async () => {
    const folder = folderWith({
      'a.gt.txt': ' ',
      'a.png': undefined,
      'b.gt.txt': Buffer.from([0xff, 0x41]),
      'b.png': undefined,
      'c.gt.txt': 'c',
      'd.gt.txt': 'd',
      'd.png': undefined,
    });
    await expect(readSamples(folder)).rejects.toMatchObject({
      code: 'labels-unusable',
      exitCode: 2,
      message: expect.stringMatching(/^3 of 4 .*a\.gt\.txt.*b\.gt\.txt.*c\.gt\.txt/s) as string,
    });
  });

  it('of one kind keep its code, and are named up to twenty', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `${String(index).padStart(2, '0')}.gt.txt`);
    const folder = folderWith(Object.fromEntries(names.map((name) => [name, 'x'])));
    await expect(readSamples(folder)).rejects.toMatchObject({
      code: 'image-missing',
      message: expect.stringMatching(
        /^25 of 25 .*19\.gt\.txt[^\n]*\n {2}and 5 more \('--json' has them all\)$/s,
      ) as string,
    });
  });
});

describe('entries that are skipped', () => {
  it('are said whoever reads them, up to twenty with their reasons', async () => {
    const names = Array.from({ length: 22 }, (_, index) => `IMG_${index + 10}.jpg`);
    const folder = folderWith(Object.fromEntries(['AB123CD.jpg', ...names].map((name) => [name, undefined])));
    const { notes } = await rowsAndNotes(folder, { format: 'ccpd', shownAs: 'photos' });
    expect(notes).toMatchObject([{ level: 'info', code: 'labels-skipped' }]);
    expect(notes[0]?.message).toMatch(
      /^photos: 22 of 23 entries are skipped:\n {2}IMG_10\.jpg: a name with '_' .*IMG_29\.jpg: [^\n]*\n {2}and 2 more$/s,
    );
  });
});

describe('labels.json', () => {
  it('is found inside a folder, sorted by image, empty labels skipped', async () => {
    const folder = folderWith({
      'labels.json': '{"b.png":"2","a.png":"1","c.png":" "}',
      'a.png': undefined,
      'b.png': undefined,
    });
    expect(await rows(folder)).toEqual([
      ['a.png', '1'],
      ['b.png', '2'],
    ]);
    expect((await readSamples(folder)).skipped).toEqual([{ name: 'c.png', reason: 'no text' }]);
  });

  it('finds images by the end of their path, and by names written in another Unicode form', async () => {
    const folder = folderWith({
      'x/1/a.png': undefined,
      'x/2/a.png': undefined,
      [`x/${'é'.normalize('NFD')}.png`]: undefined,
    });
    const file = join(folderWith({ 'l.json': '{"old/2/a.png":"two","é.png":"e"}' }), 'l.json');
    expect(await rows(file, { images: folder })).toEqual([
      ['x/2/a.png', 'two'],
      [`x/${'é'.normalize('NFD')}.png`, 'e'],
    ]);
  });

  it.each([
    ['image-ambiguous', '{"a.png":"?"}'],
    ['image-missing', '{"z.png":"?"}'],
    ['label-file-empty', ''],
    ['no-usable-samples', '{}'],
    ['label-file-empty', '[]'],
    ['label-file-syntax', '{"a.png":'],
    ['format-unknown', '{"a.png":5}'],
    ['format-unknown', 'just text'],
  ])('ends in %s', async (code, content) => {
    const folder = folderWith({ 'x/1/a.png': undefined, 'x/2/a.png': undefined, 'l.json': content });
    await expect(readSamples(join(folder, 'l.json'))).rejects.toThrow(failure(code));
  });
});

describe('tables', () => {
  it('may be TSV with or without a header', async () => {
    const images = folderWith({ 'a.png': undefined, 'b.png': undefined });
    for (const content of ['a.png\tx y\nb.png\tz\n', 'text\timage\nx y\ta.png\nz\tb.png\n']) {
      const file = join(folderWith({ 'l.tsv': content }), 'l.tsv');
      expect(await rows(file, { images })).toEqual([
        ['a.png', 'x y'],
        ['b.png', 'z'],
      ]);
    }
  });

  it('may be CSV with quotes, commas and line breaks', async () => {
    const folder = folderWith({ 'a.png': undefined, 'l.csv': 'image,text\r\na.png,"say ""a, b"""\r\n' });
    expect(await rows(join(folder, 'l.csv'))).toEqual([['a.png', 'say "a, b"']]);
  });

  it('name the line that has too few cells', async () => {
    const folder = folderWith({ 'a.png': undefined, 'l.tsv': 'image\ttext\na.png\n' });
    await expect(readSamples(join(folder, 'l.tsv'))).rejects.toThrow(/line 2/);
  });
});

describe('Label Studio tasks', () => {
  const textarea = (text: string, from = 'caption') => ({
    type: 'textarea',
    from_name: from,
    value: { text: [text] },
  });
  const task = (id: number, results: object[], image = 's3://bucket/x/a.png') => ({
    id,
    data: { captioning: image },
    annotations: [{ was_cancelled: false, result: results }],
  });
  const exported = (tasks: object[]) => folderWith({ 'a.png': undefined, 'e.json': JSON.stringify(tasks) });

  it('with two text areas ask which one holds the label', async () => {
    const folder = exported([task(1, [textarea('label'), textarea('a remark', 'note')])]);
    await expect(readSamples(join(folder, 'e.json'))).rejects.toThrow(failure('label-studio-field'));
    expect(await rows(join(folder, 'e.json'), { field: 'note' })).toEqual([['a.png', 'a remark']]);
  });

  it('of which none is usable are an error that says why', async () => {
    const folder = exported([
      task(1, [textarea(' ')]),
      { id: 2, data: { captioning: 'a.png' }, annotations: [] },
    ]);
    await expect(readSamples(join(folder, 'e.json'))).rejects.toThrow(
      /2 skipped, the first is task 1 \(no text\)/,
    );
  });

  it('are recognised where the first of them is not annotated', async () => {
    const first = { id: 2, data: { captioning: 'b.png' } };
    const folder = exported([first, task(1, [textarea('t')])]);
    expect((await readSamples(join(folder, 'e.json'))).format).toBe('labelstudio');
    expect(await rows(join(folder, 'e.json'))).toEqual([['a.png', 't']]);
  });

  it('as records are recognised where the first of them is not annotated', async () => {
    const records = [
      { id: 2, captioning: 'b.png' },
      { id: 1, annotation_id: 1, captioning: 'a.png', caption: 't' },
    ];
    const folder = exported(records);
    expect((await readSamples(join(folder, 'e.json'))).skipped).toEqual([
      { name: 'record 1', reason: 'no text' },
    ]);
    expect(await rows(join(folder, 'e.json'))).toEqual([['a.png', 't']]);
  });

  it('may name local files and percent-encoded web addresses', async () => {
    for (const reference of [
      '/data/local-files/?d=x%2Fa.png',
      'https://host/dir/a.png?sig=1',
      'gs://b/a.png',
    ]) {
      const folder = exported([task(1, [textarea('t')], reference)]);
      expect(await rows(join(folder, 'e.json'))).toEqual([['a.png', 't']]);
    }
  });
});

describe('a label', () => {
  it.each([
    ['l.json', String.raw`{"a.png":"x\ud83d"}`],
    ['l.jsonl', String.raw`{"image":"a.png","text":"\ude00x"}`],
  ])('with half of a surrogate pair is refused, in %s', async (name, content) => {
    const folder = folderWith({ 'a.png': undefined, [name]: content });
    await expect(readSamples(join(folder, name))).rejects.toMatchObject({
      code: 'label-not-unicode',
      exitCode: 2,
      location: { file: join(folder, name) },
    });
    expect(
      await rows(join(folderWith({ 'a.png': undefined, 'l.json': '{"a.png":"😀"}' }), 'l.json')),
    ).toEqual([['a.png', '😀']]);
  });
});

/** Length, checksum, bytes, checksum; the checksums are nobody's business here. */
function tfRecord(bytes: Buffer): Buffer {
  const length = Buffer.alloc(12);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes, Buffer.alloc(4, 0x81)]);
}

describe('a source that is no text', () => {
  it.each([
    ['a TFRecord file', Buffer.concat([tfRecord(Buffer.from([0xff, 1])), tfRecord(Buffer.alloc(300, 0xc3))])],
    ['an archive', Buffer.from('1f8b0800ffff', 'hex')],
    ['an image, not labels', undefined],
    ['a binary file, no labels', Buffer.from([0xff, 0, 1, 2])],
    ['a binary file, no labels', Buffer.from([0x61, 0x62, 0x14, 0xff])],
  ])('is told for %s, with what to give instead', async (what, content) => {
    const file = join(folderWith({ 'train.tfrecord': content }), 'train.tfrecord');
    await expect(readSamples(file)).rejects.toMatchObject({
      code: 'label-file-not-utf8',
      message: `${file} is ${what}`,
      hint: expect.not.stringContaining('Save it as UTF-8') as string,
    });
  });

  it('may be text in another encoding', async () => {
    const file = join(folderWith({ 'l.tsv': Buffer.from('a.png\tk\xf6ln\n', 'latin1') }), 'l.tsv');
    await expect(readSamples(file)).rejects.toMatchObject({ hint: 'Save it as UTF-8.' });
  });
});

describe('any source', () => {
  it('is refused by a format name that does not exist, with the nearest', async () => {
    await expect(readSamples(folderWith({ 'a.png': undefined }), { format: 'ccdp' })).rejects.toMatchObject({
      code: 'format-unknown',
      hint: "Did you mean 'ccpd'?",
    });
  });

  it('must exist', async () => {
    await expect(readSamples(join(temporaryFolder(), 'none'))).rejects.toThrow(failure('source-missing'));
  });

  it('must be a file or a folder: a pipe can be read only once', async () => {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(readSamples(pipe)).rejects.toThrow(failure('label-file-unreadable'));
  });

  it('that is missing is guessed from what is beside it', async () => {
    const folder = folderWith({ 'train.jsonl': '{}' });
    await expect(readSamples(join(folder, 'train.json'))).rejects.toMatchObject({
      code: 'source-missing',
      hint: `Did you mean '${join(folder, 'train.jsonl')}'?`,
    });
  });

  it('may be reached through links, which end even where they go in circles', async () => {
    const folder = folderWith({ 'real/AB123CD.jpg': undefined, 'x/note.txt': '' });
    symlinkSync(join(folder, 'real'), join(folder, 'x', 'linked'));
    symlinkSync(folder, join(folder, 'real', 'back'));
    expect((await rows(join(folder, 'x'))).map(([, text]) => text)).toContain('AB123CD');
  });
});
