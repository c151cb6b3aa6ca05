import { StringDecoder } from 'node:string_decoder';
import type { SecretMask } from './secret-mask.js';

/** A line without an end is handed over in pieces of this many characters. */
const MAX_LINE = 64 * 1024;

const NOTHING = { longest: 0, text: (text: string) => text };

/** Bytes in, whole lines out: '\n', '\r\n', and a bare '\r', with which progress bars rewrite their line: `live` ones. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private readonly onLine: (line: string, live: boolean) => void;

  private readonly mask: Pick<SecretMask, 'longest' | 'text'>;

  /** With a mask, secrets are taken out of every line. */
  constructor(
    onLine: (line: string, live: boolean) => void,
    mask: Pick<SecretMask, 'longest' | 'text'> = NOTHING,
  ) {
    this.mask = mask;
    this.onLine = (line, live) => {
      onLine(mask.text(line), live);
    };
  }

  push(bytes: Buffer): void {
    this.take(this.decoder.write(bytes));
  }

  /** Hands over what has no line end. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== '') this.onLine(this.rest.replace(/\r$/, ''), this.rest.endsWith('\r'));
    this.rest = '';
  }

  private take(text: string): void {
    this.rest += text;
    // A '\r' at the very end may be the first half of '\r\n': it waits for what comes next.
    const parts = this.rest.split(/(\r\n|\n|\r(?!$))/);
    this.rest = parts.pop()!;
    for (let at = 0; at < parts.length; at += 2) this.onLine(parts[at]!, parts[at + 1] === '\r');
    const { longest } = this.mask;
    if (this.rest.length <= MAX_LINE + longest) return;
    // No secret is cut in two: one that is all here is taken out first, the beginning of one stays behind.
    this.rest = this.mask.text(this.rest);
    while (this.rest.length > MAX_LINE + longest) {
      this.onLine(this.rest.slice(0, MAX_LINE), false);
      this.rest = this.rest.slice(MAX_LINE);
    }
  }
}
