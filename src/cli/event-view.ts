import type { EventSink, OcrpipeEvent } from '../base/events.js';
import { eventLine, progressText, stageOutput } from './event-text.js';
import { StageBoard } from './stage-board.js';
import { StagePrefixes } from './stage-prefixes.js';
import { cutToWidth } from './text-width.js';

/** Where events go, and how to end their showing (idempotent). */
export interface EventView {
  sink: EventSink;
  close: () => void;
}

/** What a view needs of stderr, or of stdout. */
interface Screen {
  isTTY?: boolean;
  columns?: number;
  /** True if it shows colours, and the user wants them. */
  hasColors?: () => boolean;
  write(text: string): unknown;
}

/** What a terminal has that does not say. */
const DEFAULT_COLUMNS = 80;
/** Milliseconds between two drawings of the live lines, and between two plain lines about one piece of work. */
const LIVE_INTERVAL_MS = 80;
const PLAIN_INTERVAL_MS = 5_000;
/** The same where a repro shows them. */
const STAGE_INTERVAL_MS = 1_000;
/** Between two drawings of how long each stage has been running. */
const CLOCK_INTERVAL_MS = 1_000;

/**
 * The view that the flags ask for: nothing, JSON lines, live lines on a terminal, or one line a change. A stage is read by
 * its repro, which shows only the newest of lines that end with '\r'.
 */
export function openEventView(
  flags: { json: boolean; quiet: boolean; events: boolean },
  { stdout, stderr }: { stdout: Pick<Screen, 'write'>; stderr: Screen },
  inStage: boolean,
): EventView {
  if (flags.events) return eventLines(stdout);
  if (flags.quiet || flags.json) return { sink: () => undefined, close: () => undefined };
  return stderr.isTTY === true ? liveView(stderr) : plainView(stderr, inStage);
}

function eventLines(screen: Pick<Screen, 'write'>): EventView {
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

/** Lasting lines scroll by above; below them stands one line for each piece of work, and how the stages stand. */
function liveView(screen: Screen): EventView {
  const work = new Map<string, string>();
  const board = new StageBoard(() => performance.now());
  const prefixes = new StagePrefixes(screen.hasColors?.() === true);
  let drawn = 0;
  let drawnAt = -Infinity;
  const erase = (): string => (drawn === 0 ? '' : `\u001B[${drawn}A\u001B[0J`);
  const draw = (above: string, live: readonly string[]): void => {
    // A terminal that does not know its width says 0.
    const width = (screen.columns || DEFAULT_COLUMNS) - 1;
    const lines = live.map((line) => `${cutToWidth(line, width)}\n`);
    screen.write(erase() + above + lines.join(''));
    drawn = lines.length;
    drawnAt = performance.now();
  };
  const live = (): string[] => [...work.values(), ...board.lines()];
  const sink = (event: OcrpipeEvent): void => {
    const changed = updateWork(work, event) || board.take(event);
    const line = lastingLine(event, prefixes);
    if (line !== undefined) draw(`${line}\n`, live());
    else if (changed && performance.now() - drawnAt >= LIVE_INTERVAL_MS) draw('', live());
  };
  // Seconds pass while stages print nothing.
  const timer = setInterval(() => {
    if (drawn > 0) draw('', live());
  }, CLOCK_INTERVAL_MS);
  timer.unref();
  const close = (): void => {
    clearInterval(timer);
    if (drawn > 0) draw('', []);
  };
  return { sink, close };
}

/** What waits is told below, as long as it does. */
function lastingLine(event: OcrpipeEvent, prefixes: StagePrefixes): string | undefined {
  if (event.type === 'stage-waiting') return undefined;
  return event.type === 'stage-output' ? prefixes.line(event) : eventLine(event);
}

/** Returns true if the live lines changed. */
function updateWork(work: Map<string, string>, event: OcrpipeEvent): boolean {
  if (event.type === 'progress-end') return work.delete(event.key);
  if (event.type !== 'progress') return false;
  work.set(event.key, progressText(event));
  return true;
}

/** The line that stands for a piece of work until the next one about it. */
function liveLine(event: OcrpipeEvent): { key: string; text: string } | undefined {
  if (event.type === 'progress') return { key: event.key, text: progressText(event) };
  if (event.type !== 'stage-output' || !event.live) return undefined;
  return { key: `stage ${event.stage}`, text: `${event.stage} | ${stageOutput(event)}` };
}
