import { describe, expect, test } from 'vitest';
import { suggest } from '../../src/base/nearest.js';

describe('suggest', () => {
  test('names what was most likely meant', () => {
    expect(suggest('trian', ['evaluate', 'train'])).toBe("Did you mean 'train'?");
  });

  test('names what is known where nothing is near, the nearest first, and not without end', () => {
    expect(suggest('xyzzy-data', ['models/plate', 'reports', 'raw-data'])).toBe(
      'Known here: raw-data, reports, models/plate.',
    );
    const many = Array.from({ length: 500 }, (_, index) => `some/far/away/path/${index}`);
    expect(suggest('q', many)).toMatch(/^Known here: .{1,300} and 492 more\.$/);
    expect(suggest('q', [])).toBe('Nothing is known here.');
  });
});
