import { connect, isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connect as connectSecurely, type SecureContext } from 'node:tls';

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

/** Whom secure connections trust, as an option of Node's: the usual authorities where nothing is said. */
export interface Trust {
  readonly secureContext?: SecureContext;
}

/** How long silence may last, and where the body goes: see `GetOptions` of a remote. */
interface LeanOptions {
  silenceMs: number;
  trust?: Trust;
  into?: Buffer;
  through?: Buffer;
  signal?: AbortSignal | undefined;
}

/** What is read at once, and handed on at once, at most. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks that wait for their reader before the connection is held up. */
const MOST_WAITING = 2;
/** Those that wait, the one that is filled, the one that the stream has ready, the one that is being used up, and one to spare. */
const BLOCKS_IN_TURN = MOST_WAITING + 4;
const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 32 * 1024;

/**
 * Sends a GET over a connection of its own and reads the answer straight into large blocks: Node's HTTP client copies a
 * body into small buffers, at six times the CPU time. Undefined for any answer that is not 200 or 206 with a length: then the
 * request is to be made in the usual way. Silence of `silenceMs` and early ends are errors with a system code. A secure connection
 * is made and verified as Node's own client does it, and nothing is sent before.
 */
export async function leanRead(
  request: SignedRequest,
  { silenceMs, signal, into, through, trust = {} }: LeanOptions,
): Promise<LeanAnswer | undefined> {
  // A signal that was aborted while the request was signed tells nobody any more.
  signal?.throwIfAborted();
  const blocks = into ? () => into : through ? turnsIn(through) : newBlock;
  const connection = new LeanConnection(request, { blocks, expected: into?.length, trust });
  const stop = (): void => {
    connection.fail(new Error('aborted'));
  };
  signal?.addEventListener('abort', stop, { once: true });
  connection.socket.setTimeout(silenceMs, () => {
    connection.fail(failure('ETIMEDOUT'));
  });
  connection.send(headOf(request));
  try {
    const head = await connection.head();
    if (head !== undefined) return { ...head, body: connection.body() };
    connection.socket.destroy();
    return undefined;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function newBlock(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Parts of the room in turns. */
function turnsIn(room: Buffer): () => Buffer {
  const length = Math.floor(room.length / BLOCKS_IN_TURN);
  let turn = 0;
  return () => {
    const start = turn * length;
    turn = (turn + 1) % BLOCKS_IN_TURN;
    return room.subarray(start, start + length);
  };
}

/** One request's connection: the head of the answer, then the body through blocks that are filled from front to end. */
class LeanConnection {
  readonly socket: Socket;
  readonly #blocks: () => Buffer;
  /** How long the body must be; any length if undefined. */
  readonly #expected: number | undefined;
  readonly #head = Buffer.allocUnsafe(MAX_HEAD_BYTES + 1);
  #headFilled = 0;
  #block: Buffer = this.#head.subarray(0, 0);
  /** Where what was not handed on yet begins in the block, and where what was read ends. */
  #from = 0;
  #filled = 0;
  /** Bytes of the body that are still to come; undefined before the head is read. */
  #left: number | undefined;
  readonly #waiting: Buffer[] = [];
  #error: Error | undefined;
  readonly #isSecure: boolean;
  #willWake = false;
  /** Called when something has arrived or failed. */
  #wake: () => void = () => undefined;

  constructor(
    { protocol, hostname, port }: SignedRequest,
    { blocks, expected, trust }: { blocks: () => Buffer; expected: number | undefined; trust: Trust },
  ) {
    this.#blocks = blocks;
    this.#expected = expected;
    this.#isSecure = protocol === 'https:';
    const onread = { buffer: () => this.#room(), callback: (bytes: number) => this.#take(bytes) };
    const host = hostname.replace(/^\[|\]$/g, '');
    this.socket = this.#isSecure
      ? connectSecurely({
          ...{ ...trust, host, port: port ?? 443, onread, ALPNProtocols: ['http/1.1'] },
          ...(isIP(host) === 0 && { servername: host }),
        })
      : connect({ host, port: port ?? 80, onread });
    this.socket.on('error', (error) => {
      this.fail(error);
    });
    this.socket.on('close', () => {
      this.fail(failure('ECONNRESET'));
    });
  }

  /** What is sent securely waits until it is known that it is: what is signed is for the one server alone. */
  send(text: string): void {
    if (!this.#isSecure) this.socket.write(text);
    else this.socket.once('secureConnect', () => this.socket.write(text));
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
        const read = this.#head.subarray(0, this.#headFilled);
        const end = read.indexOf(HEAD_END);
        if (end >= 0) {
          const text = read.toString('latin1', 0, end);
          resolve(this.#startBody(text, read.subarray(end + HEAD_END.length)));
        } else if (this.#error) reject(this.#error);
        else if (this.#headFilled > MAX_HEAD_BYTES) resolve(undefined);
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

  /** `begun`: what of the body came along with the head. */
  #startBody(text: string, begun: Buffer): Omit<LeanAnswer, 'body'> | undefined {
    this.#wake = () => undefined;
    const head = parseHead(text);
    if (head === undefined) return undefined;
    const length = Number(head.headers['content-length']);
    if (this.#expected !== undefined && length !== this.#expected) return undefined;
    this.#left = length;
    this.#block = this.#blocks();
    this.#takeBody(begun.copy(this.#block));
    return head;
  }

  /** What is in the block and not handed on yet: what comes next is written behind it. */
  #arrived(): Buffer | undefined {
    if (this.#left === undefined || this.#filled === this.#from) return undefined;
    const piece = this.#block.subarray(this.#from, this.#filled);
    this.#from = this.#filled;
    return piece;
  }

  /** Where the next bytes go. What comes after the body, or after a head that is too long, is of no use. */
  #room(): Buffer {
    if (this.#left === undefined) return this.#head.subarray(this.#headFilled % this.#head.length);
    return this.#left === 0 ? this.#head : this.#block.subarray(this.#filled);
  }

  /** Called with how much was read; false holds the connection up. */
  #take(bytes: number): boolean {
    if (this.#left === undefined) this.#headFilled += bytes;
    else if (this.#left > 0) this.#takeBody(bytes);
    if (this.#isSecure && this.#left !== undefined && this.#left > 0 && this.#waiting.length === 0) {
      this.#wakeSoon();
    } else this.#wake();
    return this.#waiting.length < MOST_WAITING;
  }

  /** Once for all that is deciphered in one go: of that each 16 KiB come by themselves. */
  #wakeSoon(): void {
    if (this.#willWake) return;
    this.#willWake = true;
    setImmediate(() => {
      this.#willWake = false;
      this.#wake();
    });
  }

  #takeBody(bytes: number): void {
    const left = (this.#left ?? 0) - bytes;
    this.#left = Math.max(0, left);
    this.#filled += bytes + Math.min(0, left);
    if (this.#left > 0 && this.#filled < this.#block.length) return;
    const piece = this.#block.subarray(this.#from, this.#filled);
    if (piece.length > 0) this.#waiting.push(piece);
    if (this.#left > 0) this.#block = this.#blocks();
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
