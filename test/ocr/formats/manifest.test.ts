import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest, readWholeManifest, writeManifest } from '../../../src/ocr/formats/manifest.js';
import { labelOf, type Sample } from '../../../src/ocr/formats/sample.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

function manifestOf(content: string | Uint8Array): string {
  const file = join(temporaryFolder(), 'all.jsonl');
  writeFileSync(file, content);
  return file;
}

describe('a manifest', () => {
  it('names images from its own folder and keeps what else it says', async () => {
    const file = manifestOf(
      '{"image":"images/1.png","text":"ab","task":7,"tags":["x"]}\n\n{"image":"../2.png","text":"c d"}',
    );
    const folder = join(file, '..');
    expect(await readWholeManifest(file)).toEqual([
      {
        image: join(folder, 'images/1.png'),
        name: 'images/1.png',
        text: 'ab',
        line: 1,
        more: { task: 7, tags: ['x'] },
      },
      { image: join(folder, '..', '2.png'), name: '../2.png', text: 'c d', line: 3, more: {} },
    ]);
  });

  it('written in another folder names the same images', async () => {
    const folder = temporaryFolder();
    const sample: Sample = {
      image: join(folder, 'raw/皖A1.jpg'),
      name: 'x',
      text: '皖A1',
      more: { task: 1 },
    };
    mkdirSync(join(folder, 'data/split'), { recursive: true });
    writeManifest(join(folder, 'data/split/train.jsonl'), [sample]);
    expect(readFileSync(join(folder, 'data/split/train.jsonl'), 'utf8')).toBe(
      '{"image":"../../raw/皖A1.jpg","text":"皖A1","task":1}\n',
    );
    expect((await readWholeManifest(join(folder, 'data/split/train.jsonl')))[0]?.image).toBe(sample.image);
    expect(readdirSync(join(folder, 'data/split'))).toEqual(['train.jsonl']);
  });

  it('gives back what was written, whatever the labels hold', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'm.jsonl');
    const samples = fc.array(
      fc.record({
        name: fc.stringMatching(/^[a-zß皖 ]{1,8}$/),
        text: fc.string({ minLength: 1 }),
        more: fc.dictionary(fc.stringMatching(/^[b-h]+$/), fc.integer()),
      }),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(samples, async (given) => {
        const rows = given
          .map(({ name, text, more }) => ({ image: join(folder, name), name, text: labelOf(text), more }))
          .filter(({ text }) => text !== '');
        fc.pre(rows.length > 0);
        writeManifest(file, rows);
        expect(await readWholeManifest(file)).toEqual(
          rows.map((row, index) => ({ ...row, line: index + 1 })),
        );
      }),
      { numRuns: runs(50) },
    );
  });

  it('is read as a stream, lines longer than a chunk included', async () => {
    const long = 'x'.repeat(600_000);
    const file = manifestOf(
      Array.from({ length: 4 }, (_, index) => `{"image":"${index}.png","text":"${long}"}\n`).join(''),
    );
    const names: string[] = [];
    for await (const sample of readManifest(file)) names.push(`${sample.name} ${sample.text.length}`);
    expect(names).toEqual(['0.png 600000', '1.png 600000', '2.png 600000', '3.png 600000']);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(readWholeManifest(manifestOf('{"image":"1.png","text":"a"}\n'), signal)).rejects.toThrow();
  });
});

describe('a wrong line of a manifest', () => {
  const good = '{"image":"1.png","text":"a"}\n';

  it.each([
    ['manifest-syntax', '{"image":'],
    ['manifest-syntax', '["1.png","a"]'],
    ['manifest-image', '{"text":"a"}'],
    ['manifest-image', '{"image":"","text":"a"}'],
    ['manifest-image', '{"image":"/etc/1.png","text":"a"}'],
    ['manifest-image', '{"image":"\uFFFD.png","text":"a"}'],
    ['manifest-text', '{"image":"1.png"}'],
    ['manifest-text', '{"image":"1.png","text":5}'],
    ['manifest-text', '{"image":"1.png","text":"  "}'],
  ])('is a %s error with its file and line', async (code, line) => {
    const file = manifestOf(`${good}${line}\n${good}`);
    await expect(readWholeManifest(file)).rejects.toThrow(
      expect.objectContaining({ code, exitCode: 2, location: { file, line: 2 } }),
    );
  });

  it('is one that is not UTF-8', async () => {
    const file = manifestOf(Buffer.concat([Buffer.from(good), Buffer.from([0x22, 0xff, 0x22, 0x0a])]));
    await expect(readWholeManifest(file)).rejects.toThrow(
      expect.objectContaining({ code: 'manifest-not-utf8', location: { file, line: 2 } }),
    );
  });
});

describe('a line that is nested', () => {
  const nested = (depth: number): string =>
    `{"image":"a.png","text":"a","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  it('is written again as it is, down to a hundred levels', async () => {
    const file = manifestOf(nested(99));
    const samples = await readWholeManifest(file);
    writeManifest(file, samples);
    expect(await readWholeManifest(file)).toEqual(samples);
  });

  it.each([101, 20_000, 400_000])('%i levels deep is refused with its line', async (depth) => {
    const file = manifestOf(`\n${nested(depth)}`);
    await expect(readWholeManifest(file)).rejects.toThrow(
      expect.objectContaining({ code: 'manifest-syntax', exitCode: 2, location: { file, line: 2 } }),
    );
  });
});

describe('no manifest', () => {
  it('is an empty one, a folder, or a file that is not there', async () => {
    await expect(readWholeManifest(manifestOf('\n'))).rejects.toThrow(
      expect.objectContaining({ code: 'manifest-empty' }),
    );
    for (const path of [temporaryFolder(), join(temporaryFolder(), 'none.jsonl')]) {
      await expect(readWholeManifest(path)).rejects.toThrow(
        expect.objectContaining({ code: 'manifest-unreadable', exitCode: 2 }),
      );
    }
  });
});

describe('a label', () => {
  it.each([
    ['  a  b ', 'a  b'],
    ['a\nb', 'a b'],
    ['a \r\n b\t', 'a b'],
    ['\u00a0x', 'x'],
    ['ế'.normalize('NFD'), 'ế'.normalize('NFD')],
  ])('of %j is %j', (given, label) => {
    expect(labelOf(given)).toBe(label);
  });
});
