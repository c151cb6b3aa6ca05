import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, createServer as createSecureServer } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { leanRead, type LeanAnswer, type Trust } from '../../../../src/remote/backends/s3/lean-read.js';
import fc, { runs } from '../../../rig/fast-check.js';
import { ownCertificate, type OwnCertificate } from '../../../rig/git-https.js';
import { temporaryFolder } from '../../../rig/temporary-folder.js';

const certificate = ownCertificate(temporaryFolder(afterAll));

function trusting({ cert }: OwnCertificate): Trust {
  return { secureContext: createSecureContext({ ca: [cert] }) };
}

/** A server that answers the first request of each connection as it is told to. */
async function serving(answer: (socket: Socket) => void, tls?: OwnCertificate): Promise<number> {
  const serve = (socket: Socket): void => {
    socket
      .on('error', () => undefined)
      .once('data', () => {
        answer(socket);
      });
  };
  const server = tls ? createSecureServer(tls, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function read(
  port: number,
  options: { signal?: AbortSignal; into?: Buffer; through?: Buffer; trust?: Trust; hostname?: string } = {},
): Promise<LeanAnswer | undefined> {
  const { hostname = '127.0.0.1', ...others } = options;
  const protocol = others.trust ? 'https:' : 'http:';
  const request = { protocol, hostname, port, path: '/x', headers: { host: 'x' } };
  return leanRead(request, { silenceMs: 5_000, ...others });
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

  it.each(certificate ? ['plainly', 'securely'] : ['plainly'])(
    'gives exactly its bytes %s, in whatever pieces they arrive',
    async (how) => {
      const trust = how === 'securely' && certificate ? trusting(certificate) : undefined;
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
      }, trust && certificate);
      const cuts = fc.array(fc.oneof(fc.nat(200), fc.nat(whole.length)), { maxLength: 8 });
      const ways = fc.constantFrom('kept', 'through', 'into');
      await fc.assert(
        fc.asyncProperty(cuts, ways, async (each, way) => {
          cut.cuts = each;
          const into = Buffer.alloc(body.length);
          const answer = (await read(port, {
            ...(way === 'through' && { through: Buffer.alloc(300_000) }),
            ...(way === 'into' && { into }),
            ...(trust && { trust }),
          }))!;
          expect(answer).toMatchObject({ statusCode: 206, headers: { etag: '"e"' } });
          expect((await bytesOf(answer)).equals(body)).toBe(true);
          if (way === 'into') expect(into.equals(body)).toBe(true);
        }),
        { numRuns: runs(15) },
      );
    },
  );

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

describe.skipIf(!certificate)('an answer that is read leanly over TLS (needs openssl)', () => {
  const asked: Buffer[] = [];
  const answering = () =>
    serving((socket) => {
      asked.push(Buffer.alloc(1));
      socket.end(head(3) + 'abc');
    }, certificate);

  it('comes from nobody who is not trusted, or has another name: then nothing is sent either', async () => {
    const port = await answering();
    const others: [{ trust: Trust; hostname?: string }, string][] = [
      [{ trust: {} }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      [{ trust: { secureContext: createSecureContext() } }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      [{ trust: trusting(certificate!), hostname: 'localhost' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ];
    for (const [options, code] of others) await expect(read(port, options)).rejects.toMatchObject({ code });
    expect(asked).toEqual([]);
    const answer = (await read(port, { trust: trusting(certificate!) }))!;
    expect((await bytesOf(answer)).toString()).toBe('abc');
    expect(asked).toHaveLength(1);
  });

  it('fails where it breaks off, and ends when it is stopped', async () => {
    const trust = trusting(certificate!);
    const port = await serving((socket) => socket.end(head(1000) + 'x'.repeat(600)), certificate);
    const answer = (await read(port, { trust }))!;
    let arrived = 0;
    const reading = (async () => {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) arrived += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(arrived).toBe(600);
    const silent = await serving(() => undefined, certificate);
    const stop = new AbortController();
    const stopped = read(silent, { trust, signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toThrow('aborted');
    const plain = await serving((socket) => socket.end('no TLS'));
    await expect(read(plain, { trust })).rejects.toMatchObject({ code: expect.any(String) as string });
  });
});
