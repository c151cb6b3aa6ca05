import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainingSettings } from '../../../src/ocr/train/read-params.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** What `train` gets from a params.yaml with this alphabet. */
function alphabetIn(yaml: string): unknown {
  const file = join(temporaryFolder(), 'params.yaml');
  writeFileSync(file, `train:\n  alphabet: ${yaml}\n`);
  return readTrainingSettings(file, { required: true }).train.alphabet;
}

describe('an alphabet in params.yaml', () => {
  it('may be a text, or a list with one character an entry', () => {
    expect(alphabetIn('ABC')).toBe('ABC');
    expect(alphabetIn(String.raw`[u, "\u0364", 1, "2"]`)).toEqual(['u', '\u0364', '1', '2']);
  });

  it.each(['[]', '[A, ""]', '[A, 12]', '5'])('is refused as %s, with its place', (yaml) => {
    expect(() => alphabetIn(yaml)).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        exitCode: 2,
        location: expect.objectContaining({ line: 2 }) as unknown,
      }),
    );
  });
});

describe('label smoothing', () => {
  it('is refused for a model with CTC, with its place', () => {
    const file = join(temporaryFolder(), 'params.yaml');
    writeFileSync(file, 'model:\n  type: crnn\ntrain:\n  labelSmoothing: 0.1\n');
    expect(() => readTrainingSettings(file, { required: true })).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        location: expect.objectContaining({ line: 4 }) as unknown,
      }),
    );
  });
});
