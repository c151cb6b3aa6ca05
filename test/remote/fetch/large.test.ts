import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import type { Download, GetOptions } from '../../../src/remote/backends/remote.js';
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
});
