import { describe, expect, it } from 'vitest';
import { OcrpipeError, userError } from '../../src/base/errors.js';
import { asOcrpipeError, errorDocument, errorText } from '../../src/cli/error-report.js';

describe('the report of an error', () => {
  const error = userError('yaml-syntax', 'a.yaml is not valid YAML', {
    location: { file: 'a.yaml', line: 3, column: 7 },
    hint: 'Correct the file.',
  });

  it('says place, message, code and hint', () => {
    expect(errorText(error)).toBe(
      'error: a.yaml:3:7 is not valid YAML [yaml-syntax]\n  hint: Correct the file.',
    );
  });

  it.each([
    [{ file: 'a.tsv' }, 'a.tsv: line 2 has 1 cell', 'a.tsv: line 2 has 1 cell'],
    [{ file: 'a', line: 4 }, 'a:4: this line is empty', 'a:4: this line is empty'],
    [{ file: 'data' }, 'data/x does not exist', 'data: data/x does not exist'],
    [{ file: 'a', line: 4 }, 'no key', 'a:4: no key'],
  ])('names the place once', (location, message, text) => {
    expect(errorText(userError('x', message, { location }))).toBe(`error: ${text} [x]`);
  });

  it('is one document for scripts, without keys that have no value', () => {
    expect(errorDocument(error)).toEqual({
      error: {
        code: 'yaml-syntax',
        message: 'a.yaml is not valid YAML',
        hint: 'Correct the file.',
        location: { file: 'a.yaml', line: 3, column: 7 },
      },
    });
    expect(errorDocument(new OcrpipeError('x', 'y'))).toEqual({ error: { code: 'x', message: 'y' } });
  });

  it('tells a refusal of the operating system from a mistake of ours', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(asOcrpipeError(full, [])).toMatchObject({ code: 'disk-full', exitCode: 1 });
    expect(asOcrpipeError(full, []).message).toBe('the disk is full (ENOSPC)');
    expect(asOcrpipeError(new TypeError('x is not a function'), [])).toMatchObject({
      code: 'internal-error',
      exitCode: 1,
      message: 'this should not have happened: x is not a function',
    });
    expect(asOcrpipeError('thrown text', [])).toMatchObject({ code: 'internal-error' });
  });
});
