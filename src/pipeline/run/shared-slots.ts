import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode } from '../../base/errors.js';
import {
  describeSelf,
  holderState,
  parseHolder,
  wordHolder,
  type LockHolder,
} from '../../base/lock-holder.js';
import { readRegularFile } from '../../base/regular-file.js';
import type { PipelineHost } from '../host.js';
import { gpusFor } from '../definition/stage/gpus.js';
import type { Resources } from '../definition/stage/stage.js';

/** What one running stage takes, as its repro tells the others. */
interface Claim {
  readonly holder: LockHolder;
  readonly stage: string;
  readonly needs: Resources;
  readonly gpus: readonly string[];
}

/** Slots that are held. */
export interface HeldSlots {
  /** The ids of the GPUs that are the stage's alone, as many as its `gpu`; none where there are none to tell apart. */
  readonly gpus: readonly string[];
  release(): void;
}

type Host = Pick<PipelineHost, 'stateFolder' | 'exclusively' | 'events' | 'signal'>;

/** Between two looks at whether another repro has given slots back. */
const POLL_MS = 250;
const NO_SLOTS: HeldSlots = { gpus: [], release: () => undefined };

/**
 * The pools of a workspace, shared by all repros that run in it on this machine: each writes down what its running stages take, one file
 * a stage, so that two repros together take no more than there is and give no GPU to two stages. What a process that died has written
 * counts for nothing. How many stages run at once (`--jobs`) is each repro's own.
 */
export class SharedSlots {
  readonly #host: Host;
  readonly #pools: Resources;
  readonly #gpus: readonly string[];
  readonly #folder: string;

  /** `gpus`: the ids to hand out. */
  constructor(host: Host, { pools, gpus }: { pools: Resources; gpus: readonly string[] }) {
    this.#host = host;
    this.#pools = pools;
    this.#gpus = gpus;
    this.#folder = join(host.stateFolder, 'locks', 'slots-taken');
  }

  /** Takes what a stage needs, all at once; waits while others have it, and says who. */
  async take(stage: string, needs: Resources): Promise<HeldSlots> {
    const { signal, events } = this.#host;
    if (Object.values(needs).every((amount) => amount <= 0)) return NO_SLOTS;
    for (let told = ''; ;) {
      const taken = await this.#host.exclusively('slots', () => Promise.resolve(this.#tryTake(stage, needs)));
      if (!('pool' in taken)) return taken;
      const holder = taken.claim
        ? `${wordHolder(taken.claim.holder)}, stage '${taken.claim.stage}'`
        : 'another repro';
      if (told !== holder) {
        const since = taken.claim ? Date.parse(taken.claim.holder.since) : Date.now();
        const sinceSeconds = Math.max(0, Math.round((Date.now() - since) / 1000));
        events({ type: 'waiting', what: `${taken.pool} for stage '${stage}'`, holder, sinceSeconds });
        told = holder;
      }
      await delay(POLL_MS, undefined, { signal });
    }
  }

  #tryTake(stage: string, needs: Resources): HeldSlots | { pool: string; claim: Claim | undefined } {
    const claims = this.#claims();
    for (const [pool, amount] of Object.entries(needs)) {
      const taken = claims.reduce((sum, claim) => sum + (claim.needs[pool] ?? 0), 0);
      if (taken + amount <= (this.#pools[pool] ?? Infinity)) continue;
      return { pool, claim: claims.find((claim) => claim.needs[pool] !== undefined) };
    }
    const gpus = gpusFor(
      needs['gpu'] ?? 0,
      this.#gpus,
      claims.flatMap((claim) => claim.gpus),
    );
    return { gpus, release: this.#write({ stage, needs, gpus }) };
  }

  #write(claim: Omit<Claim, 'holder'>): () => void {
    const token = randomBytes(16).toString('hex');
    const file = join(this.#folder, `${token}.json`);
    mkdirSync(this.#folder, { recursive: true });
    // Who reads it holds the lock that is held here: it is whole, or its writer is dead.
    writeFileSync(file, JSON.stringify({ ...claim, holder: describeSelf(token, 'ocrpipe repro') }), {
      flag: 'wx',
    });
    return () => {
      rmSync(file, { force: true });
    };
  }

  /** Those of processes of this machine that live; those of dead ones are removed. */
  #claims(): Claim[] {
    return namesIn(this.#folder).flatMap((name) => {
      const file = join(this.#folder, name);
      const claim = readClaim(file);
      const state = claim ? holderState(claim.holder) : 'dead';
      if (state === 'dead') rmSync(file, { force: true });
      return claim && state !== 'dead' && claim.holder.host === hostname() ? [claim] : [];
    });
  }
}

function readClaim(file: string): Claim | undefined {
  try {
    const value = JSON.parse(readRegularFile(file).toString()) as Claim;
    return { ...value, holder: parseHolder(JSON.stringify(value.holder)) };
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
