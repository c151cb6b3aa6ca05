import { OcrpipeError } from '../base/errors.js';

/** The answers of `cat-file --batch`: `<object> <type> <size>\n<bytes>\n`, one after the other. */
export function splitBatch(answer: Buffer, count: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; found.length < count;) {
    const end = answer.indexOf(0x0a, at);
    const size = Number(end < 0 ? Number.NaN : answer.toString('latin1', at, end).split(' ')[2]);
    if (!Number.isSafeInteger(size) || end + 1 + size > answer.length) {
      throw new OcrpipeError('git-failed', 'git could not read one of its objects', {
        hint: "'git fsck' says what is wrong; a partial or shallow clone may lack it.",
      });
    }
    found.push(answer.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return found;
}
