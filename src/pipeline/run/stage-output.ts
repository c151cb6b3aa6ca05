import type { EventSink } from '../../base/events.js';
import type { OutputPart } from '../executors/executor.js';
import { LineSplitter } from './line-splitter.js';
import type { SecretMask } from './secret-mask.js';
import type { StageLog } from './stage-log.js';

/** Takes what a stage prints: whole lines go to its log and to whoever watches. */
export class StageOutput {
  readonly #splitters: Readonly<Record<OutputPart['stream'], LineSplitter>>;

  constructor(stage: string, { log, events, mask }: { log: StageLog; events: EventSink; mask: SecretMask }) {
    const lines = (stream: OutputPart['stream']): LineSplitter =>
      new LineSplitter((line, live) => {
        log.write(line, live);
        events({ type: 'stage-output', stage, stream, line, ...(live && { live }) });
      }, mask);
    this.#splitters = { stdout: lines('stdout'), stderr: lines('stderr') };
  }

  take({ stream, bytes }: OutputPart): void {
    this.#splitters[stream].push(bytes);
  }

  /** Hands over what has no line end. */
  end(): void {
    this.#splitters.stdout.end();
    this.#splitters.stderr.end();
  }
}
