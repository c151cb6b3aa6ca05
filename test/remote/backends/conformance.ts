import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { readAll, type Remote } from '../../../src/remote/backends/remote.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** What every kind of remote must do. `open` gives one more client of the same, initially empty place. */
export function remoteConformance(name: string, openPlace: () => Promise<() => Promise<Remote>>): void {
  describe(`${name} as a remote`, () => {
    const opened = async (): Promise<Remote> => (await openPlace())();

    it('gives back the bytes that were put, whole and by range', async () => {
      const remote = await opened();
      const bytes = randomBytes(300_000);
      expect(await put(remote, 'packs/a.pack', bytes)).toBe('created');
      const whole = await remote.get('packs/a.pack');
      expect(whole).toMatchObject({ size: 300_000, total: 300_000 });
      expect(bytes.equals(await readAll(whole!))).toBe(true);
      const part = await remote.get('packs/a.pack', { range: { start: 1000, end: 250_001 } });
      expect(part).toMatchObject({ size: 249_001, total: 300_000 });
      expect(bytes.subarray(1000, 250_001).equals(await readAll(part!))).toBe(true);
    });

    it('puts a file from disk, and an empty object', async () => {
      const remote = await opened();
      const file = join(temporaryFolder(), 'file');
      const bytes = randomBytes(3_000_000);
      writeFileSync(file, bytes);
      await remote.put('objects/ab/c', { file, size: bytes.length }, { sha256: contentIdOf(bytes) });
      expect(bytes.equals(await readAll((await remote.get('objects/ab/c'))!))).toBe(true);
      await put(remote, 'packs/empty', Buffer.alloc(0));
      expect((await readAll((await remote.get('packs/empty'))!)).length).toBe(0);
    });

    it('answers a missing object with a value, not an error', async () => {
      const remote = await opened();
      expect(await remote.get('packs/none.pack')).toBeUndefined();
      expect(await remote.describe('packs/none.pack')).toBeUndefined();
      expect(await remote.list('packs/')).toEqual([]);
      await remote.delete('packs/none.pack');
    });

    it('lists what lies below a prefix and nothing else', async () => {
      const place = await openPlace();
      const remote = await place();
      await put(remote, 'packs/one.cat', Buffer.from('1'));
      await put(remote, 'packs/two.pack', Buffer.from('22'));
      await put(remote, 'runs/ab/three.json', Buffer.from('333'));
      const sorted = (await (await place()).list('packs/')).sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(sorted).toEqual([
        { key: 'packs/one.cat', size: 1 },
        { key: 'packs/two.pack', size: 2 },
      ]);
      expect(await remote.list('runs/')).toEqual([{ key: 'runs/ab/three.json', size: 3 }]);
    });

    it('creates an object once: later writers learn that it exists, and it stays as it was', async () => {
      const place = await openPlace();
      const clients = await Promise.all(Array.from({ length: 6 }, place));
      const outcomes = await Promise.all(
        clients.map((client, index) =>
          put(client, 'packs/base-0000000001.json', Buffer.from(`writer ${index}`), true),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      const stored = await readAll((await clients[0]!.get('packs/base-0000000001.json'))!);
      expect(stored.toString()).toBe(`writer ${outcomes.indexOf('created')}`);
    });

    it('replaces an object when creation was not asked for', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', Buffer.from('before'));
      expect(await put(remote, 'packs/x', Buffer.from('after'))).toBe('created');
      expect((await readAll((await remote.get('packs/x'))!)).toString()).toBe('after');
    });

    it('refuses bytes that are not those of the promised hash, and nothing of them becomes visible', async () => {
      const remote = await opened();
      const promised = contentIdOf('promised');
      await expect(
        remote.put('packs/wrong', { bytes: Buffer.from('other') }, { sha256: promised, ifNoneMatch: true }),
      ).rejects.toMatchObject({ code: 'damaged-upload' });
      const file = join(temporaryFolder(), 'file');
      writeFileSync(file, randomBytes(2_500_000));
      await expect(
        remote.put('packs/wrong', { file, size: 2_500_000 }, { sha256: promised }),
      ).rejects.toMatchObject({ code: 'damaged-upload' });
      expect(await remote.get('packs/wrong')).toBeUndefined();
      expect(await remote.list('packs/')).toEqual([]);
    });

    it('refuses to read on in an object that became another', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', Buffer.from('first bytes'));
      const { etag } = (await remote.describe('packs/x'))!;
      const same = await remote.get('packs/x', { ifMatch: etag, range: { start: 0, end: 5 } });
      expect((await readAll(same!)).toString()).toBe('first');
      await put(remote, 'packs/x', Buffer.from('other bytes'));
      await expect(remote.get('packs/x', { ifMatch: etag })).rejects.toMatchObject({
        code: 'remote-changed',
      });
    });

    it('refuses a range behind the end of an object', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', Buffer.from('0123456789'));
      for (const range of [
        { start: 5, end: 11 },
        { start: 20, end: 30 },
      ]) {
        await expect(remote.get('packs/x', { range })).rejects.toMatchObject({ code: 'remote-range' });
      }
    });

    it('describes an object by size, and by hash where it keeps one', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', Buffer.from('hello'));
      const described = (await remote.describe('packs/x'))!;
      expect(described).toMatchObject({ size: 5, sha256: contentIdOf('hello') });
    });

    it('forgets what is deleted', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', Buffer.from('hello'));
      await remote.delete('packs/x');
      expect(await remote.get('packs/x')).toBeUndefined();
      expect(await remote.list('packs/')).toEqual([]);
    });

    it('names nothing unfinished once a write is over, be it that it was refused or stopped', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', randomBytes(1000));
      expect(await put(remote, 'packs/x', randomBytes(900), true)).toBe('exists');
      const wrong = { sha256: contentIdOf('promised') };
      await expect(remote.put('packs/y', { bytes: randomBytes(10) }, wrong)).rejects.toThrow();
      const stop = new AbortController();
      const body = { bytes: randomBytes(500_000) };
      const begun = remote.put('packs/z', body, { sha256: contentIdOf(body.bytes), signal: stop.signal });
      stop.abort(new Error('stopped'));
      await expect(begun).rejects.toThrow('stopped');
      expect(await remote.unfinished()).toEqual([]);
    });

    it('knows the time', async () => {
      const remote = await opened();
      expect(Math.abs((await remote.now()).getTime() - Date.now())).toBeLessThan(60_000);
    });

    it('ends with the reason of an aborted signal and leaves nothing visible', async () => {
      const remote = await opened();
      const stop = new AbortController();
      const reason = new Error('stopped');
      const body = { bytes: randomBytes(1_000_000) };
      const begun = remote.put('packs/x', body, { sha256: contentIdOf(body.bytes), signal: stop.signal });
      stop.abort(reason);
      await expect(begun).rejects.toBe(reason);
      await expect(remote.list('packs/', { signal: stop.signal })).rejects.toBe(reason);
      expect(await remote.list('packs/')).toEqual([]);
    });

    it('stops a download when the signal is aborted', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', randomBytes(8_000_000));
      const stop = new AbortController();
      const reason = new Error('stopped');
      const download = (await remote.get('packs/x', { signal: stop.signal }))!;
      const read = async (): Promise<void> => {
        for await (const chunk of download.body) if (chunk.length > 0) stop.abort(reason);
      };
      await expect(read()).rejects.toBe(reason);
    });

    it('stops a download also when the signal is aborted before the first of its bytes is asked for', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', randomBytes(3_000_000));
      for (const range of [undefined, { start: 0, end: 2_000_000 }]) {
        const stop = new AbortController();
        const reason = new Error('stopped');
        const download = (await remote.get('packs/x', { ...(range && { range }), signal: stop.signal }))!;
        stop.abort(reason);
        await expect(readAll(download)).rejects.toBe(reason);
      }
    });

    it('counts requests and bytes', async () => {
      const remote = await opened();
      await put(remote, 'packs/x', randomBytes(1000));
      await readAll((await remote.get('packs/x', { range: { start: 0, end: 400 } }))!);
      await remote.list('packs/');
      expect(remote.traffic).toEqual({ requests: 3, sentBytes: 1000, receivedBytes: 400 });
    });
  });
}

function put(remote: Remote, key: string, bytes: Buffer, ifNoneMatch = false): Promise<'created' | 'exists'> {
  return remote.put(key, { bytes }, { sha256: contentIdOf(bytes), ifNoneMatch });
}
