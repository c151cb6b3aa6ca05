import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';

/** A signed request as the SDK sends it. */
export interface SignedRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
}

/** What the SDK reads an answer from. */
export interface LeanAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: Readable;
}

/** What is read at once, and handed on at once, at most. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks that wait for their reader before the connection is held up. */
const MOST_WAITING = 2;
const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 32 * 1024;

/**
 * Sends a GET over a plain connection of its own and reads the answer straight into large blocks: Node's HTTP client copies a
 * body into small buffers, at six times the CPU time. Undefined for any answer that is not 200 or 206 with a length: then the
 * request is to be made in the usual way. Silence of `silenceMs` and early ends are errors with a system code.
 */
export async function leanRead(
  request: SignedRequest,
  { silenceMs, signal }: { silenceMs: number; signal?: AbortSignal | undefined },
): Promise<LeanAnswer | undefined> {
  const connection = new LeanConnection(request);
  const stop = (): void => {
    connection.fail(new Error('aborted'));
  };
  signal?.addEventListener('abort', stop, { once: true });
  connection.socket.setTimeout(silenceMs, () => {
    connection.fail(failure('ETIMEDOUT'));
  });
  connection.socket.write(headOf(request));
  try {
    const head = await connection.head();
    if (head !== undefined) return { ...head, body: connection.body() };
    connection.socket.destroy();
    return undefined;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** One request's connection, read through blocks that are filled from front to end. */
class LeanConnection {
  readonly socket: Socket;
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Where the body begins in the block, and where what was read ends. */
  #from = 0;
  #filled = 0;
  /** Bytes of the body that are still to come; undefined before the head is read. */
  #left: number | undefined;
  readonly #waiting: Buffer[] = [];
  #error: Error | undefined;
  /** Called when something has arrived or failed. */
  #wake: () => void = () => undefined;

  constructor({ hostname, port = 80 }: SignedRequest) {
    const onread = { buffer: () => this.#room(), callback: (bytes: number) => this.#take(bytes) };
    this.socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port, onread });
    this.socket.on('error', (error) => {
      this.fail(error);
    });
    this.socket.on('close', () => {
      this.fail(failure('ECONNRESET'));
    });
  }

  /** The first failure counts, and none after the last byte. */
  fail(error: Error): void {
    if (this.#left !== 0) this.#error ??= error;
    this.socket.destroy();
    this.#wake();
  }

  /** Undefined for an answer that is to be asked for in the usual way. */
  head(): Promise<Omit<LeanAnswer, 'body'> | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        const read = this.#block.subarray(0, this.#filled);
        const end = read.indexOf(HEAD_END);
        if (end >= 0) resolve(this.#startBody(read.toString('latin1', 0, end), end + HEAD_END.length));
        else if (this.#error) reject(this.#error);
        else if (this.#filled > MAX_HEAD_BYTES) resolve(undefined);
      };
    });
  }

  /** What has arrived when the reader wants something, whole blocks if that is slower; each piece is the reader's to keep. */
  body(): Readable {
    let wanted = false;
    const feed = (): void => {
      if (!wanted) return;
      const piece = this.#waiting.shift() ?? this.#arrived();
      if (piece !== undefined) {
        wanted = false;
        this.socket.resume();
        stream.push(piece);
      } else if (this.#left === 0) stream.push(null);
      else if (this.#error) stream.destroy(this.#error);
    };
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read: () => {
        wanted = true;
        feed();
      },
      destroy: (error, done) => {
        this.socket.destroy();
        done(error);
      },
    });
    this.#wake = feed;
    return stream;
  }

  #startBody(text: string, from: number): Omit<LeanAnswer, 'body'> | undefined {
    this.#wake = () => undefined;
    const head = parseHead(text);
    if (head === undefined) return undefined;
    this.#from = from;
    this.#left = Number(head.headers['content-length']);
    this.#takeBody(this.#filled - from);
    return head;
  }

  /** What is in the block and not handed on yet: what comes next is written behind it. */
  #arrived(): Buffer | undefined {
    if (this.#left === undefined || this.#filled === this.#from) return undefined;
    const piece = this.#block.subarray(this.#from, this.#filled);
    this.#from = this.#filled;
    return piece;
  }

  /** Where the next bytes go. Before the head is read that is little, so that the block lasts. */
  #room(): Buffer {
    const end = this.#left === undefined ? this.#filled + MAX_HEAD_BYTES : BLOCK_BYTES;
    return this.#block.subarray(this.#filled, end);
  }

  /** Called with what was read into the block; false holds the connection up. */
  #take(bytes: number): boolean {
    this.#filled += bytes;
    if (this.#left !== undefined) this.#takeBody(bytes);
    this.#wake();
    return this.#waiting.length < MOST_WAITING;
  }

  #takeBody(bytes: number): void {
    const left = (this.#left ?? 0) - bytes;
    this.#left = Math.max(0, left);
    if (this.#left > 0 && this.#filled < BLOCK_BYTES) return;
    const piece = this.#block.subarray(this.#from, this.#filled + Math.min(0, left));
    if (piece.length > 0) this.#waiting.push(piece);
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#from = 0;
    this.#filled = 0;
  }
}

function headOf({ path, query, headers }: SignedRequest): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, one].map((part) => encode(part ?? ''))),
  );
  const search = pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.join('=')).join('&')}`;
  const fields = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`GET ${path}${search} HTTP/1.1`, ...fields, '', ''].join('\r\n');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Undefined for any answer that has not simply so many bytes. */
function parseHead(text: string): Omit<LeanAnswer, 'body'> | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 (200|206) /.exec(`${first} `)?.[1];
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const plain =
    headers['transfer-encoding'] === undefined && /^\d{1,15}$/.test(headers['content-length'] ?? '');
  return status !== undefined && plain ? { statusCode: Number(status), headers } : undefined;
}

function failure(code: string): Error {
  return Object.assign(new Error(`the connection failed: ${code}`), { code });
}
