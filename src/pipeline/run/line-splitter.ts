import { StringDecoder } from 'node:string_decoder';

/** A line without an end is handed over in pieces of this many characters. */
const MAX_LINE = 64 * 1024;

/** Bytes in, whole lines out: '\n', '\r\n', and a bare '\r', with which progress bars rewrite their line: `live` ones. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private readonly onLine: (line: string, live: boolean) => void;

  constructor(onLine: (line: string, live: boolean) => void) {
    this.onLine = onLine;
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
    while (this.rest.length > MAX_LINE) {
      this.onLine(this.rest.slice(0, MAX_LINE), false);
      this.rest = this.rest.slice(MAX_LINE);
    }
  }
}
