import { StringDecoder } from 'node:string_decoder';

/** A line without an end is handed over in pieces of this many characters. */
const MAX_LINE = 64 * 1024;

/** Bytes in, whole lines out: '\n', '\r\n', and a bare '\r', with which progress bars rewrite their line. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private readonly onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(bytes: Buffer): void {
    this.take(this.decoder.write(bytes));
  }

  /** Hands over what has no line end. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== '') this.onLine(this.rest.replace(/\r$/, ''));
    this.rest = '';
  }

  private take(text: string): void {
    this.rest += text;
    // A '\r' at the very end may be the first half of '\r\n': it waits for what comes next.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop()!;
    for (const line of lines) this.onLine(line);
    while (this.rest.length > MAX_LINE) {
      this.onLine(this.rest.slice(0, MAX_LINE));
      this.rest = this.rest.slice(MAX_LINE);
    }
  }
}
