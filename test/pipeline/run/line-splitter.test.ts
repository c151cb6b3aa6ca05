import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../src/pipeline/run/line-splitter.js';

describe('LineSplitter', () => {
  function split(...chunks: (string | Buffer)[]): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => void lines.push(line));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk));
    splitter.end();
    return lines;
  }

  it('ends lines at \\n, \\r\\n and \\r, wherever the bytes are cut', () => {
    expect(split('a\nb\r\nc\rd')).toEqual(['a', 'b', 'c', 'd']);
    expect(split('a\r', '\nb')).toEqual(['a', 'b']);
    expect(split('10 %\r', '20 %\r')).toEqual(['10 %', '20 %']);
    expect(split('\n\n')).toEqual(['', '']);
  });

  it('tells the lines that are written over', () => {
    const lines: [string, boolean][] = [];
    const splitter = new LineSplitter((line, live) => void lines.push([line, live]));
    splitter.push(Buffer.from('a\n10 %\r20 %\r\n30 %\r'));
    splitter.end();
    expect(lines).toEqual([
      ['a', false],
      ['10 %', true],
      ['20 %', false],
      ['30 %', true],
    ]);
  });

  it('puts characters together that were cut in two', () => {
    const bytes = Buffer.from('ä\n');
    expect(split(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(['ä']);
  });

  it('hands over a line without an end in pieces', () => {
    expect(split('x'.repeat(150_000)).map((line) => line.length)).toEqual([65_536, 65_536, 18_928]);
  });
});
