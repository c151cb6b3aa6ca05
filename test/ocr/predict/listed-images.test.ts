import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ListedImages } from '../../../src/ocr/predict/listed-images.js';

/** All names, taken three at a time. */
async function namesOf(pieces: string[]): Promise<string[]> {
  const list = new ListedImages(Readable.from(pieces), { cwd: '/w' });
  const names: string[] = [];
  for (let next = await list.take(3, true); next.length > 0; next = await list.take(3, true))
    names.push(...next.map(({ file }) => file));
  return names;
}

describe('ListedImages', () => {
  it('takes a path a line, or with a NUL behind each where names have line breaks', async () => {
    expect(await namesOf(['a b.png\r\n\nsub/c.png\n/d.png'])).toEqual([
      '/w/a b.png',
      '/w/sub/c.png',
      '/d.png',
    ]);
    expect(await namesOf(['a\nb.png\0c.png\0'])).toEqual(['/w/a\nb.png', '/w/c.png']);
    expect(await namesOf(['', '\n'])).toEqual([]);
  });

  it('does not care where the list is cut into pieces', async () => {
    const text = Array.from({ length: 20 }, (_, index) => `${index}.png\r\n`).join('');
    const whole = await namesOf([text]);
    expect(whole).toHaveLength(20);
    for (const size of [1, 5, 7]) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
      expect(await namesOf(pieces)).toEqual(whole);
    }
  });

  it('gives a path as soon as its line is there, and waits for no more if it is not told to', async () => {
    const stream = new PassThrough();
    const list = new ListedImages(stream, { cwd: '/w' });
    const first = list.take(9, true);
    stream.write('a.png\nb');
    expect(await first).toEqual([{ file: '/w/a.png', name: 'a.png' }]);
    expect(await list.take(9, false)).toEqual([]);
    stream.end('.png\n');
    expect(await list.take(9, true)).toEqual([{ file: '/w/b.png', name: 'b.png' }]);
    expect(await list.take(9, true)).toEqual([]);
  });

  it('is no longer waited for once the command is stopped', async () => {
    const stop = new AbortController();
    const list = new ListedImages(new PassThrough(), { cwd: '/w', signal: stop.signal });
    const waiting = list.take(9, true);
    const reason = new Error('stopped');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
