import { availableParallelism, totalmem } from 'node:os';
import { visibleGpus } from './gpus.js';
import type { Resources } from './stage.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** An amount as written: bytes with a unit for `memory` ('8GiB'), a whole number for any other pool. */
export function parseAmount(pool: string, written: number | string): number | undefined {
  if (pool === 'memory') return parseBytes(String(written));
  const amount = Number(written);
  return Number.isInteger(amount) && amount > 0 ? amount : undefined;
}

function parseBytes(written: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(written);
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  return match && unit !== undefined ? Math.ceil(Number(match[1]) * unit) : undefined;
}

/**
 * What stages may take from: cores, GPUs (1 where none is found, so that stages that want one run one at a time), bytes of
 * memory, and what the configuration names.
 */
export function poolsOf(host: { readonly pools: Resources }): Resources {
  return {
    cpu: availableParallelism(),
    gpu: Math.max(1, visibleGpus().length),
    memory: memoryBytes(),
    ...host.pools,
  };
}

/** Of the machine, or of the part of it that this process may use (a container's limit). */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** An amount of a pool for people: '8 GiB' of memory, '2 gpu'. */
export function amountText(pool: string, amount: number): string {
  if (pool !== 'memory') return `${amount} ${pool}`;
  const unit = Object.entries({ GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 }).find(
    ([, size]) => amount >= size,
  );
  const [name, size] = unit ?? ['bytes', 1];
  return `${Number((amount / size).toFixed(1))} ${name} of memory`;
}
