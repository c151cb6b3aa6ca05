import {
  bytesField,
  doubleField,
  floatField,
  intField,
  messageField,
  textField,
} from '../../../base/protobuf.js';

/**
 * Events as TensorBoard reads them: `Event` of `event.proto`, `Summary` of `summary.proto`. Fields stand in the order of their
 * numbers, as every writer of protocol buffers puts them.
 */
const VERSION = 'brain.Event:2';
const SESSION_START = 1;
const DT_FLOAT = 1;
const DT_STRING = 7;

/** When something happened. */
export interface EventTime {
  /** Seconds since 1970. */
  wallTime: number;
  /** Steps that were done. */
  step: number;
}

/** A grey or colour picture as a PNG. */
export interface Picture {
  heightPx: number;
  widthPx: number;
  channels: number;
  png: Uint8Array;
}

/** One value of a summary. */
export type SummaryValue = Uint8Array;

/** What every file begins with. */
export function versionEvent(wallTime: number): Uint8Array {
  return Buffer.concat([doubleField(1, wallTime), textField(3, VERSION)]);
}

/** From here on the steps begin at `step`: a reader forgets what it knew of that step and later ones. */
export function sessionStart({ wallTime, step }: EventTime): Uint8Array {
  return event({ wallTime, step }, messageField(7, [intField(1, SESSION_START)]));
}

export function summaryEvent(time: EventTime, values: readonly SummaryValue[]): Uint8Array {
  return event(
    time,
    messageField(
      5,
      values.map((value) => bytesField(1, value)),
    ),
  );
}

function event({ wallTime, step }: EventTime, what: Uint8Array): Uint8Array {
  return Buffer.concat([doubleField(1, wallTime), ...(step === 0 ? [] : [intField(2, step)]), what]);
}

export function scalarValue(name: string, value: number): SummaryValue {
  return Buffer.concat([textField(1, name), floatField(2, value)]);
}

/** `description` is Markdown, and holds for all pictures of the name. */
export function imageValue(
  name: string,
  { heightPx, widthPx, channels, png }: Picture,
  description: string,
): SummaryValue {
  const fields = [intField(1, heightPx), intField(2, widthPx), intField(3, channels), bytesField(4, png)];
  return Buffer.concat([
    textField(1, name),
    messageField(4, fields),
    messageField(9, [plugin('images'), textField(3, description)]),
  ]);
}

/** A text in Markdown. */
export function textValue(name: string, markdown: string): SummaryValue {
  const scalar = messageField(2, []);
  const tensor = [intField(1, DT_STRING), scalar, textField(8, markdown)];
  return Buffer.concat([textField(1, name), messageField(8, tensor), messageField(9, [plugin('text')])]);
}

/** What a session was started with, for the page that compares runs by their parameters (`plugin_data.proto` of hparams). */
export function parametersValue(
  parameters: Readonly<Record<string, number | string | boolean>>,
  startedAt: number,
): SummaryValue {
  const entries = Object.entries(parameters).map(([name, value]) =>
    messageField(1, [textField(1, name), messageField(2, [plainValue(value)])]),
  );
  const content = messageField(3, [...entries, doubleField(5, startedAt)]);
  const empty = [intField(1, DT_FLOAT), messageField(2, [messageField(2, [intField(1, 1)])]), floats([0])];
  return Buffer.concat([
    textField(1, '_hparams_/session_start_info'),
    messageField(8, empty),
    messageField(9, [plugin('hparams', content)]),
  ]);
}

/** `google.protobuf.Value`. */
function plainValue(value: number | string | boolean): Uint8Array {
  if (typeof value === 'number') return doubleField(2, value);
  return typeof value === 'string' ? textField(3, value) : intField(4, Number(value));
}

function floats(values: readonly number[]): Uint8Array {
  return bytesField(5, new Uint8Array(Float32Array.from(values).buffer));
}

function plugin(name: string, content?: Uint8Array): Uint8Array {
  return messageField(1, [textField(1, name), ...(content === undefined ? [] : [bytesField(2, content)])]);
}

const SUMMARY_TAG = 5 * 8 + 2;

/** True for an event of {@link summaryEvent}. */
export function isSummary(bytes: Buffer): boolean {
  const STEP_TAG = 2 * 8;
  let at = 9; // behind the time
  if (bytes[at] === STEP_TAG) {
    at += 1;
    while ((bytes[at] ?? 0) > 127) at += 1;
    at += 1;
  }
  return bytes[at] === SUMMARY_TAG;
}
