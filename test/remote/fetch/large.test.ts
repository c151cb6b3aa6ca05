import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import type { Download, GetOptions } from '../../../src/remote/backends/remote.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine } from '../rig.js';

/** A remote that answers for ranges of large objects in the order that `turn` gives, and tells how many wait at once. */
class OutOfOrder extends MemoryRemote {
  most = 0;
  #waiting: (() => void)[] = [];

  override async get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    const answer = await super.get(key, options);
    if (answer === undefined || !key.startsWith('objects/') || options.ifMatch === undefined) return answer;
    return { ...answer, body: this.#held(answer.body) };
  }

  /** Held until the next one is asked for, or nobody else can be: the last comes first. */
  async *#held(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const others = this.#waiting;
    await new Promise<void>((resolve) => {
      this.#waiting = [resolve, ...others];
      this.most = Math.max(this.most, this.#waiting.length);
      setImmediate(() => this.#waiting.shift()?.());
    });
    yield* body;
  }
}

/** A remote whose answers for large objects break off. */
class EndsAfter extends MemoryRemote {
  readonly #bytes: number;

  constructor(objects: Map<string, Buffer>, bytes: number) {
    super('memory', objects);
    this.#bytes = bytes;
  }

  override async get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    const answer = await super.get(key, options);
    return answer && key.startsWith('objects/') ? { ...answer, body: this.#cut(answer.body) } : answer;
  }

  async *#cut(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let left = this.#bytes;
    for await (const chunk of body) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) throw new Error('the connection broke');
    }
  }
}

describe('a large object', () => {
  const big = randomBytes(70 * 1024 * 1024);

  it('comes by several ranges at once and is put together in order', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const id = here.add({ big });
    await here.push(new MemoryRemote('memory', objects), [id]);
    const remote = new OutOfOrder('memory', objects);
    await there.fetch(remote, [id]);
    expect(remote.most).toBeGreaterThan(1);
    const [stored] = [...there.store.looseObjects()];
    expect(stored).toMatchObject({ id: contentIdOf(big), size: big.length });
    await there.store.checkObject(createHash('sha256').update(big).digest('hex') as ContentId);
  });

  describe('with a second file wanted', () => {
    const large = big.subarray(0, 17 * 1024 * 1024 + 5);
    const largeId = contentIdOf(large);
    const objects = new Map<string, Buffer>();
    let tree: ContentId;
    let there: Machine;
    let copy: string;

    beforeEach(async () => {
      objects.clear();
      const here = new Machine();
      tree = here.add({ large });
      await here.push(new MemoryRemote('memory', objects), [tree]);
      there = new Machine();
      copy = join(temporaryFolder(), 'copy');
    });

    const fetch = (remote: MemoryRemote = new MemoryRemote('memory', objects)): Promise<unknown> =>
      there.fetch(remote, [tree], { copies: new Map([[largeId, copy]]) });

    it('is written along, a file of its own, and gone with the store', async () => {
      await fetch();
      expect(readFileSync(copy).equals(large)).toBe(true);
      const [stored] = [...there.store.looseObjects()];
      expect(statSync(copy).ino).not.toBe(statSync(stored!.file).ino);
      await there.store.checkObject(largeId);
      there.store.close();
      expect(existsSync(copy)).toBe(false);
    });

    it('is left out where part of it came earlier', async () => {
      const tmp = join(there.store.root, 'tmp');
      await fetch(new EndsAfter(objects, 5_000_000)).catch(() => undefined);
      expect(readdirSync(tmp).some((name) => name.startsWith('fetch-'))).toBe(true);
      expect(existsSync(copy)).toBe(false);
      await fetch();
      expect(existsSync(copy)).toBe(false);
      await there.store.checkObject(largeId);
    });

    it('is not left where the bytes are wrong', async () => {
      const [key, bytes] = [...objects].find(([name]) => name.startsWith('objects/'))!;
      const damaged = Buffer.from(bytes);
      damaged[9_000_000]! ^= 1;
      objects.set(key, damaged);
      await expect(fetch()).rejects.toMatchObject({ code: 'object-damaged' });
      expect(existsSync(copy)).toBe(false);
    });

    it('is no failure where it cannot be made', async () => {
      copy = join(copy, 'in', 'no', 'folder');
      await fetch();
      expect(there.store.arrivedCopies.has(largeId)).toBe(false);
      await there.store.checkObject(largeId);
    });
  });
});
