import type { EventSink, OcrpipeEvent } from '../base/events.js';
import { eventLine, progressText, stageOutput } from './event-text.js';
import { cutToWidth } from './text-width.js';

/** Where events go, and how to end their showing (idempotent). */
export interface EventView {
  sink: EventSink;
  close: () => void;
}

/** What a view needs of stderr. */
interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** What a terminal has that does not say. */
const DEFAULT_COLUMNS = 80;
/** Milliseconds between two drawings of the live lines, and between two plain lines about one piece of work. */
const LIVE_INTERVAL_MS = 80;
const PLAIN_INTERVAL_MS = 5_000;
/** The same where a repro shows them. */
const STAGE_INTERVAL_MS = 1_000;

/**
 * The view that the flags ask for: nothing, JSON lines, live lines on a terminal, or one line a change. A stage is read by
 * its repro, which shows only the newest of lines that end with '\r'.
 */
export function openEventView(
  flags: { json: boolean; quiet: boolean; events: boolean },
  screen: Screen,
  inStage: boolean,
): EventView {
  if (flags.events) return eventLines(screen);
  if (flags.quiet || flags.json) return { sink: () => undefined, close: () => undefined };
  return screen.isTTY === true ? liveView(screen) : plainView(screen, inStage);
}

function eventLines(screen: Screen): EventView {
  return {
    sink: (event) => void screen.write(`${JSON.stringify(event)}\n`),
    close: () => undefined,
  };
}

function plainView(screen: Screen, inStage: boolean): EventView {
  const due = everySoOften(inStage ? STAGE_INTERVAL_MS : PLAIN_INTERVAL_MS, inStage);
  const sink = (event: OcrpipeEvent): void => {
    const moving = liveLine(event);
    if (moving !== undefined && due(moving.key)) screen.write(`${moving.text}${inStage ? '\r' : '\n'}`);
    const line = eventLine(event);
    if (line !== undefined) screen.write(`${line}\n`);
  };
  return { sink, close: () => undefined };
}

/** Tells whether something is to be shown again: once in `interval` milliseconds, and at once if `first`. */
function everySoOften(interval: number, first: boolean): (key: string) => boolean {
  const shownAt = new Map<string, number>();
  return (key) => {
    const now = performance.now();
    const last = shownAt.get(key);
    if (last !== undefined && now - last < interval) return false;
    shownAt.set(key, now);
    return last !== undefined || first;
  };
}

/** Lasting lines scroll by above; below them stands one line for each piece of work and each running stage. */
function liveView(screen: Screen): EventView {
  const live = new Map<string, string>();
  let drawn = 0;
  let drawnAt = -Infinity;
  const erase = (): string => (drawn === 0 ? '' : `\u001B[${drawn}A\u001B[0J`);
  const draw = (above: string): void => {
    // A terminal that does not know its width says 0.
    const width = (screen.columns || DEFAULT_COLUMNS) - 1;
    const lines = [...live.values()].map((line) => `${cutToWidth(line, width)}\n`);
    screen.write(erase() + above + lines.join(''));
    drawn = lines.length;
    drawnAt = performance.now();
  };
  const sink = (event: OcrpipeEvent): void => {
    const changed = updateLive(live, event);
    const line = eventLine(event);
    if (line !== undefined) draw(`${line}\n`);
    else if (changed && performance.now() - drawnAt >= LIVE_INTERVAL_MS) draw('');
  };
  const close = (): void => {
    live.clear();
    if (drawn > 0) draw('');
  };
  return { sink, close };
}

/** Returns true if the live lines changed. */
function updateLive(live: Map<string, string>, event: OcrpipeEvent): boolean {
  if (event.type === 'progress-end') return live.delete(event.key);
  if (event.type === 'stage-end') return live.delete(stageKey(event.stage));
  const line =
    event.type === 'stage-start'
      ? { key: stageKey(event.stage), text: `${event.stage}: running` }
      : liveLine(event);
  if (line === undefined) return false;
  live.set(line.key, line.text);
  return true;
}

/** The line that stands for a piece of work until the next one about it. */
function liveLine(event: OcrpipeEvent): { key: string; text: string } | undefined {
  if (event.type === 'progress') return { key: event.key, text: progressText(event) };
  if (event.type !== 'stage-output' || !event.live) return undefined;
  return { key: stageKey(event.stage), text: `${event.stage} | ${stageOutput(event)}` };
}

function stageKey(stage: string): string {
  return `stage ${stage}`;
}
