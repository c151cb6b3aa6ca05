import type { OcrpipeEvent } from '../base/events.js';
import { stageOutput } from './event-text.js';
import { padEnd, textWidth } from './text-width.js';

/** Names of stages are padded up to this; longer ones stand out. */
const WIDEST = 24;
/** Foreground colours that are legible on light and dark, red left out: that is for errors. */
const COLORS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Lines of stages on a terminal: `name | line`, in columns, each stage in a colour of its own if there are any. */
export class StagePrefixes {
  readonly #colored: boolean;
  readonly #colors = new Map<string, number>();
  #width = 0;

  constructor(colored: boolean) {
    this.#colored = colored;
  }

  /** Undefined for a line that the stage writes over. */
  line(event: Extract<OcrpipeEvent, { type: 'stage-output' }>): string | undefined {
    if (event.live) return undefined;
    const { stage } = event;
    this.#width = Math.max(this.#width, Math.min(WIDEST, textWidth(stage)));
    return `${this.#paint(stage, `${padEnd(stage, this.#width)} |`)} ${stageOutput(event)}`;
  }

  #paint(stage: string, text: string): string {
    if (!this.#colored) return text;
    const color = this.#colors.get(stage) ?? COLORS[this.#colors.size % COLORS.length]!;
    this.#colors.set(stage, color);
    return `\u001B[${color}m${text}\u001B[39m`;
  }
}
