import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leanRead, type LeanAnswer } from '../../../../src/remote/backends/s3/lean-read.js';
import fc, { runs } from '../../../rig/fast-check.js';

/** A server that answers the first request of each connection as it is told to. */
async function serving(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', () => {
        answer(socket);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function read(
  port: number,
  options: { signal?: AbortSignal; into?: Buffer; through?: Buffer } = {},
): Promise<LeanAnswer | undefined> {
  const request = { protocol: 'http:', hostname: '127.0.0.1', port, path: '/x', headers: { host: 'x' } };
  return leanRead(request, { silenceMs: 5_000, ...options });
}

async function bytesOf(answer: LeanAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // A chunk that is passing is used up at once.
  for await (const chunk of answer.body as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const head = (length: number, status = '206 Partial Content'): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\nETag: "e"\r\n\r\n`;

describe('an answer that is read leanly', () => {
  const body = randomBytes(5_000_000);

  it('gives exactly its bytes, in whatever pieces they arrive, and keeps none back', async () => {
    const whole = Buffer.concat([Buffer.from(head(body.length)), body]);
    const cut = { cuts: [] as readonly number[] };
    const port = await serving((socket) => {
      socket.setNoDelay();
      const ends = [...cut.cuts, whole.length].sort((a, b) => a - b);
      const writeFrom = (start: number, index: number): void => {
        const end = ends[index];
        if (end === undefined) socket.end();
        else socket.write(whole.subarray(start, end), () => setImmediate(writeFrom, end, index + 1));
      };
      writeFrom(0, 0);
    });
    const cuts = fc.array(fc.oneof(fc.nat(200), fc.nat(whole.length)), { maxLength: 8 });
    const ways = fc.constantFrom('kept', 'through', 'into');
    await fc.assert(
      fc.asyncProperty(cuts, ways, async (each, way) => {
        cut.cuts = each;
        const into = Buffer.alloc(body.length);
        const answer = (await read(port, {
          ...(way === 'through' && { through: Buffer.alloc(300_000) }),
          ...(way === 'into' && { into }),
        }))!;
        expect(answer).toMatchObject({ statusCode: 206, headers: { etag: '"e"' } });
        expect((await bytesOf(answer)).equals(body)).toBe(true);
        if (way === 'into') expect(into.equals(body)).toBe(true);
      }),
      { numRuns: runs(15) },
    );
  });

  it('is left to the usual way where it is longer or shorter than the room for it', async () => {
    const port = await serving((socket) => socket.end(head(3) + 'abc'));
    for (const room of [2, 4]) expect(await read(port, { into: Buffer.alloc(room) })).toBeUndefined();
    const into = Buffer.alloc(3);
    await bytesOf((await read(port, { into }))!);
    expect(into.toString()).toBe('abc');
  });

  it('is left to the usual way where it is an error, or has no length', async () => {
    const others = [
      head(3, '404 Not Found') + 'no!',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\nbytes',
      `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`,
    ];
    for (const text of others) {
      const port = await serving((socket) => socket.end(text));
      expect(await read(port)).toBeUndefined();
    }
  });

  it('hands on what arrived before it broke off, then fails', async () => {
    const port = await serving((socket) => socket.end(head(1000) + 'x'.repeat(600)));
    const answer = (await read(port))!;
    let arrived = 0;
    const reading = (async () => {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) arrived += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(arrived).toBe(600);
    const silent = await serving((socket) => socket.end());
    await expect(read(silent)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('ends when it is stopped, before its head and within its body', async () => {
    const port = await serving(() => undefined);
    const stop = new AbortController();
    const asked = read(port, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toThrow('aborted');
    await expect(read(port, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    const gone = new Promise<void>((resolve) => {
      void serving((socket) => {
        socket.on('close', () => {
          resolve();
        });
        socket.write(head(1000));
      }).then(async (half) => (await read(half))!.body.destroy());
    });
    await expect(gone).resolves.toBeUndefined();
  });
});
