import type { OcrpipeEvent } from '../base/events.js';
import { stageOutput } from './event-text.js';
import { secondsText } from './units.js';
import { visibleInLine } from './visible.js';

/** So many stages are named of those that run, and of those that wait. */
const SHOWN_RUNNING = 8;
const SHOWN_WAITING = 4;

interface Running {
  /** Milliseconds of the clock. */
  readonly since: number;
  /** The newest line that the stage writes over. */
  live?: string;
}

/** How the stages of a repro stand, as told by its events: what runs, what waits and for what, how many are done. */
export class StageBoard {
  readonly #now: () => number;
  /** All stages that have not ended, each with those that it comes after. */
  readonly #open = new Map<string, readonly string[]>();
  readonly #running = new Map<string, Running>();
  /** Those that wait for pools, or for their next attempt. */
  readonly #waiting = new Map<string, string>();
  #total = 0;
  #failed = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes an event over; true if the lines are others now. */
  take(event: OcrpipeEvent): boolean {
    switch (event.type) {
      case 'schedule':
        for (const { stage, after } of event.stages) this.#open.set(stage, after);
        this.#total += event.stages.length;
        return true;
      case 'stage-waiting':
        this.#waiting.set(event.stage, event.pools.join(' and '));
        return true;
      case 'stage-retry':
        this.#running.delete(event.stage);
        this.#waiting.set(event.stage, `attempt ${event.attempt + 1} in ${secondsText(event.seconds)}`);
        return true;
      case 'stage-start':
        this.#waiting.delete(event.stage);
        this.#running.set(event.stage, { since: this.#now() });
        return true;
      case 'stage-output':
        return event.live === true && this.#print(event.stage, stageOutput(event));
      case 'stage-end':
        this.#end(event.stage);
        if (event.action === 'failed') this.#failed += 1;
        return true;
      default:
        return false;
    }
  }

  /** What stands on the terminal below all else; nothing while no stage has begun. */
  lines(): string[] {
    const running = [...this.#running]
      .slice(0, SHOWN_RUNNING)
      .map(([stage, each]) => this.#runningLine(stage, each));
    const more = this.#running.size - running.length;
    if (more > 0) running.push(`and ${more} more run`);
    if (this.#total === 0 || this.#open.size === 0) return running;
    const waiting = this.#waitingLine();
    return [...running, ...(waiting === '' ? [] : [waiting]), this.#summary()];
  }

  #print(stage: string, line: string): boolean {
    const running = this.#running.get(stage) ?? { since: this.#now() };
    running.live = line;
    this.#running.set(stage, running);
    return true;
  }

  #end(stage: string): void {
    this.#running.delete(stage);
    this.#waiting.delete(stage);
    this.#open.delete(stage);
  }

  #runningLine(stage: string, { since, live }: Running): string {
    if (live !== undefined) return `${stage} | ${live}`;
    const seconds = Math.floor((this.#now() - since) / 1000);
    return seconds < 1 ? `${stage}: running` : `${stage}: running for ${secondsText(seconds)}`;
  }

  #waitingLine(): string {
    const named = [...this.#waitingStages()].slice(0, SHOWN_WAITING);
    if (named.length === 0) return '';
    const rest = this.#open.size - this.#running.size - named.length;
    return visibleInLine(`waiting: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`);
  }

  /** Those that wait for slots before those that wait for others. */
  *#waitingStages(): Generator<string> {
    for (const [stage, what] of this.#waiting) yield `${stage} (${what})`;
    for (const [stage, after] of this.#open) {
      if (this.#waiting.has(stage) || this.#running.has(stage)) continue;
      const before = after.find((each) => this.#open.has(each));
      if (before !== undefined) yield `${stage} (after ${before})`;
    }
  }

  #summary(): string {
    const done = this.#total - this.#open.size - this.#failed;
    const waiting = this.#open.size - this.#running.size;
    const failed = this.#failed === 0 ? '' : `, ${this.#failed} failed`;
    return `${done} of ${this.#total} stages done${failed}, ${this.#running.size} running, ${waiting} waiting`;
  }
}
