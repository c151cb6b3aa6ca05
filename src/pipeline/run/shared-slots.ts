import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  describeSelf,
  holderState,
  parseHolder,
  wordHolder,
  type LockHolder,
} from '../../base/lock-holder.js';
import { readRegularFile } from '../../base/regular-file.js';
import { namesIn } from '../../base/names-in.js';
import type { PipelineHost } from '../host.js';
import { SYSTEM_CLOCK, type Clock } from './schedule.js';
import { gpusFor } from '../definition/stage/gpus.js';
import type { Resources } from '../definition/stage/stage.js';

/** What one stage takes, or waits for, as its repro tells the others. */
interface Claim {
  readonly holder: LockHolder;
  readonly stage: string;
  readonly needs: Resources;
  readonly gpus: readonly string[];
  /** Of one that waits: its place among all that do. */
  readonly ticket?: number;
}

/** What keeps a stage from its slots. */
interface Blocked {
  readonly pool: string;
  readonly claim: Claim | undefined;
}

/** Slots that are held. */
export interface HeldSlots {
  /** The ids of the GPUs that are the stage's alone, as many as its `gpu`; none where there are none to tell apart. */
  readonly gpus: readonly string[];
  release(): void;
}

type Host = Pick<PipelineHost, 'stateFolder' | 'exclusively' | 'events' | 'signal'>;

/** Between two looks at whether another repro has given slots back. */
const POLL_SECONDS = 0.25;
const NO_SLOTS: HeldSlots = { gpus: [], release: () => undefined };

/**
 * The pools of a workspace, shared by all repros that run in it on this machine: each writes down what its running stages take, one file
 * a stage, so that two repros together take no more than there is and give no GPU to two stages. What a process that died has written
 * counts for nothing. How many stages run at once (`--jobs`) is each repro's own.
 *
 * First come first served: who does not find its slots takes a ticket, and nobody who asks later takes from its pools what it waits
 * for. So it waits for those that hold slots, and those that came before, and never for a stream of small stages of others.
 */
export class SharedSlots {
  readonly #host: Host;
  readonly #pools: Resources;
  readonly #gpus: readonly string[];
  readonly #folder: string;
  readonly #sleep: Clock['sleep'];

  /** `gpus`: the ids to hand out. */
  constructor(
    host: Host,
    {
      pools,
      gpus,
      sleep = SYSTEM_CLOCK.sleep,
    }: { pools: Resources; gpus: readonly string[]; sleep?: Clock['sleep'] },
  ) {
    this.#sleep = sleep;
    this.#host = host;
    this.#pools = pools;
    this.#gpus = gpus;
    this.#folder = join(host.stateFolder, 'locks', 'slots-taken');
  }

  /** Takes what a stage needs, all at once; waits while others have it, and says who. */
  async take(stage: string, needs: Resources): Promise<HeldSlots> {
    const { signal } = this.#host;
    if (Object.values(needs).every((amount) => amount <= 0)) return NO_SLOTS;
    const token = randomBytes(16).toString('hex');
    try {
      for (let told = ''; ;) {
        const taken = await this.#exclusively(() => this.#tryTake(token, stage, needs));
        if (!('pool' in taken)) return taken;
        told = this.#tell(stage, taken, told);
        await this.#sleep(POLL_SECONDS, signal);
      }
    } catch (error) {
      this.#remove(token);
      throw error;
    }
  }

  #exclusively<T>(work: () => T): Promise<T> {
    return this.#host.exclusively('slots', () => Promise.resolve(work()));
  }

  /** Says whom a stage waits for, unless that was `told`; gives what is told by now. */
  #tell(stage: string, { pool, claim }: Blocked, told: string): string {
    const holder = claim ? `${wordHolder(claim.holder)}, stage '${claim.stage}'` : 'another repro';
    if (told === holder) return told;
    const since = claim ? Date.parse(claim.holder.since) : Date.now();
    const sinceSeconds = Math.max(0, Math.round((Date.now() - since) / 1000));
    this.#host.events({ type: 'waiting', what: `${pool} for stage '${stage}'`, holder, sinceSeconds });
    return holder;
  }

  #tryTake(token: string, stage: string, needs: Resources): HeldSlots | Blocked {
    const claims = this.#claims();
    const own = claims.find(({ holder }) => holder.token === token);
    const last = Math.max(0, ...claims.map(({ ticket }) => ticket ?? 0));
    const ticket = own?.ticket ?? last + 1;
    const before = claims.filter((claim) => claim !== own && (claim.ticket ?? 0) < ticket);
    const blocked = this.#blocked(needs, before);
    if (blocked) {
      if (!own) this.#write(token, { stage, needs, gpus: [], ticket });
      return blocked;
    }
    const taken = before.flatMap(({ gpus }) => gpus);
    const gpus = gpusFor(needs['gpu'] ?? 0, this.#gpus, taken);
    this.#write(token, { stage, needs, gpus });
    return {
      gpus,
      release: () => {
        this.#remove(token);
      },
    };
  }

  #blocked(needs: Resources, before: readonly Claim[]): Blocked | undefined {
    for (const [pool, amount] of Object.entries(needs)) {
      const taken = before.reduce((sum, claim) => sum + (claim.needs[pool] ?? 0), 0);
      if (amount <= 0 || taken + amount <= (this.#pools[pool] ?? Infinity)) continue;
      const those = before.filter((claim) => claim.needs[pool] !== undefined);
      return { pool, claim: those.find(({ ticket }) => ticket === undefined) ?? those[0] };
    }
    return undefined;
  }

  #write(token: string, claim: Omit<Claim, 'holder'>): void {
    mkdirSync(this.#folder, { recursive: true });
    // Who reads it holds the lock that is held here: it is whole, or its writer is dead.
    const holder = describeSelf(token, 'ocrpipe repro');
    writeFileSync(this.#fileOf(token), JSON.stringify({ ...claim, holder }));
  }

  #remove(token: string): void {
    rmSync(this.#fileOf(token), { force: true });
  }

  #fileOf(token: string): string {
    return join(this.#folder, `${token}.json`);
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
