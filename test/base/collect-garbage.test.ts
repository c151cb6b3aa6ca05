import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../src/base/collect-garbage.js';

const MUCH_BYTES = 64 * 1024 * 1024;

function newObject(): WeakRef<object> {
  return new WeakRef({ held: 'by nothing' });
}

describe('collectGarbage', () => {
  it('frees at once what nothing holds any more, where much is held', async () => {
    const much = Buffer.alloc(MUCH_BYTES);
    const object = newObject();
    // Until the end of the turn that made it, it is held.
    await nextTurn();
    collectGarbage();
    expect(object.deref()).toBeUndefined();
    expect(much).toHaveLength(MUCH_BYTES);
  });
});
