import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import type { Remote } from '../../../src/remote/backends/remote.js';

/** A remote in memory with a clock of its own. */
export class Place {
  readonly objects = new Map<string, Buffer>();
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');

  open(): MemoryRemote {
    return new MemoryRemote('memory', this.objects, () => new Date(this.nowMs));
  }

  keys(pattern: RegExp): string[] {
    return [...this.objects.keys()].filter((key) => pattern.test(key)).sort();
  }
}

/** A remote that lets others do something right before a key like this is written, read or deleted: the first one, or so many. */
export function before(
  operation: 'put' | 'get' | 'delete',
  pattern: RegExp,
  { remote, meanwhile, times = 1 }: { remote: Remote; meanwhile: () => Promise<unknown>; times?: number },
): Remote {
  let waiting = times;
  return new Proxy(remote, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== operation) return value.bind(target) as unknown;
      return async (key: string, ...rest: unknown[]) => {
        const isMet = waiting > 0 && pattern.test(key);
        if (isMet) waiting -= 1;
        if (isMet) await meanwhile();
        return (value as (...all: unknown[]) => unknown).call(target, key, ...rest);
      };
    },
  });
}

/** A remote whose user dies once it has written so many keys like this. */
export function dyingAfter(puts: number, pattern: RegExp, remote: Remote): Remote {
  let left = puts;
  const put: Remote['put'] = async (key, body, options) => {
    const outcome = await remote.put(key, body, options);
    if (pattern.test(key)) left -= 1;
    if (left === 0) throw new Error('died');
    return outcome;
  };
  return new Proxy(remote, {
    get: (target, name) => {
      const value: unknown = name === 'put' ? put : Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
