import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request as it arrives at the proxy, counted from 1. */
export interface SeenRequest {
  number: number;
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingMessage['headers'];
}

/**
 * What becomes of a request or its answer.
 * - `status`: the server is not asked; S3's error document of that name.
 * - `reset`: the connection is cut: before the server hears of it, or after it did what it was asked.
 * - `silent`: nothing is ever answered.
 * - `cutAt`: so many bytes of the body arrive, then the connection is cut.
 * - `endAt`: so many bytes arrive of a body of unnamed length, which then ends as if it were whole.
 * - `flipAt`: one bit of that byte of the body is another.
 * - `onByte`: `call` is called when so many bytes of the request's and the answer's body have passed, or all have.
 * - `with`: the answer's header has other fields.
 */
export type HttpFault =
  | 'none'
  | 'silent'
  | { status: number; name: string; message?: string }
  | { reset: 'before' | 'after' }
  | { cutAt: number }
  | { endAt: number }
  | { flipAt: number }
  | { onByte: number; call: () => void }
  | { with: Readonly<Record<string, string>> };

export interface FaultProxy {
  endpoint: string;
  /** Every request so far. */
  seen: SeenRequest[];
  /** Decides about each request from now on; the count begins anew. */
  faults: (decide: (request: SeenRequest) => HttpFault) => void;
  stop: () => Promise<void>;
}

/** An HTTP proxy in front of a server on loopback, for faults that TCP knows nothing of. */
export async function startFaultProxy(
  upstream: string,
  tls?: { key: string; cert: string },
): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream);
  let decide: (request: SeenRequest) => HttpFault = () => 'none';
  const seen: SeenRequest[] = [];
  const serve = (asked: IncomingMessage, answer: ServerResponse): void => {
    const { method = 'GET', url: path = '/', headers } = asked;
    const one = { number: seen.length + 1, method, path, headers };
    seen.push(one);
    const fault = decide(one);
    asked.on('error', () => answer.destroy());
    if (!answerAlone(asked, answer, fault)) forward({ hostname, port }, { asked, answer, fault });
  };
  const server = tls ? createSecureServer(tls, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    faults: (next) => {
      decide = next;
      seen.length = 0;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** True if the server need not be asked. */
function answerAlone(asked: IncomingMessage, answer: ServerResponse, fault: HttpFault): boolean {
  if (fault === 'silent') {
    asked.resume();
    return true;
  }
  if (typeof fault === 'string') return false;
  if ('reset' in fault && fault.reset === 'before') {
    asked.socket.destroy();
    return true;
  }
  if (!('status' in fault)) return false;
  const body = `<?xml version="1.0"?><Error><Code>${fault.name}</Code><Message>${fault.message ?? 'no'}</Message></Error>`;
  asked.resume().on('end', () => {
    answer.writeHead(fault.status, { 'content-type': 'application/xml' });
    answer.end(asked.method === 'HEAD' || fault.status < 300 ? undefined : body);
  });
  return true;
}

function forward(
  to: { hostname: string; port: string },
  { asked, answer, fault }: { asked: IncomingMessage; answer: ServerResponse; fault: HttpFault },
): void {
  if (typeof fault === 'object' && 'onByte' in fault) callOnByte([asked, answer], fault);
  const { method = 'GET', url: path = '/', headers } = asked;
  const passed = request({ ...to, method, path, headers, agent: false }, (got) => {
    if (typeof fault === 'object' && 'reset' in fault) {
      got.resume().on('end', () => asked.socket.destroy());
      return;
    }
    send(got, answer, fault);
  });
  passed.on('error', () => answer.destroy());
  answer.on('close', () => passed.destroy());
  asked.pipe(passed);
}

function callOnByte(
  [asked, answer]: [IncomingMessage, ServerResponse],
  { onByte, call }: { onByte: number; call: () => void },
): void {
  let passed = 0;
  const pass = (bytes: number): void => {
    passed += bytes;
    if (passed > onByte) call();
  };
  asked.on('data', (chunk: Buffer) => {
    pass(chunk.length);
  });
  const write = answer.write.bind(answer) as (chunk: Buffer) => boolean;
  answer.write = (chunk: Buffer) => {
    pass(chunk.length);
    return write(chunk);
  };
  answer.on('close', call);
}

function send(got: IncomingMessage, answer: ServerResponse, fault: HttpFault): void {
  const header = { ...got.headers, ...(typeof fault === 'object' && 'with' in fault && fault.with) };
  if (typeof fault === 'object' && 'endAt' in fault) {
    delete header['content-length'];
    delete header['transfer-encoding'];
    answer.useChunkedEncodingByDefault = false;
    header.connection = 'close';
  }
  answer.writeHead(got.statusCode ?? 500, header);
  let sent = 0;
  got.on('data', (chunk: Buffer) => {
    answer.write(altered(chunk, sent, fault));
    sent += chunk.length;
    if (typeof fault === 'object' && 'cutAt' in fault && sent >= fault.cutAt) {
      // What was written goes out before the connection is cut.
      answer.write('', () => answer.destroy());
      got.pause();
    }
  });
  got.on('end', () => answer.end());
  got.on('error', () => answer.destroy());
}

/** The part of a chunk that arrives, and how. `before`: bytes of the body before it. */
function altered(chunk: Buffer, before: number, fault: HttpFault): Buffer {
  if (typeof fault !== 'object') return chunk;
  const limit = 'cutAt' in fault ? fault.cutAt : 'endAt' in fault ? fault.endAt : undefined;
  if (limit !== undefined) return chunk.subarray(0, Math.max(0, limit - before));
  if (!('flipAt' in fault) || fault.flipAt < before || fault.flipAt >= before + chunk.length) return chunk;
  const flipped = Buffer.from(chunk);
  flipped[fault.flipAt - before]! ^= 1;
  return flipped;
}
