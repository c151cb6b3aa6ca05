import type { EventSink, OcrpipeEvent } from '../base/events.js';
import { eventLine, progressText } from './event-text.js';

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

/** Milliseconds between two drawings of the live lines, and between two plain lines about one piece of work. */
const LIVE_INTERVAL_MS = 80;
const PLAIN_INTERVAL_MS = 5_000;

/** The view that the flags ask for: nothing, JSON lines, live lines on a terminal, or one line a change. */
export function openEventView(
  flags: { json: boolean; quiet: boolean; events: boolean },
  screen: Screen,
): EventView {
  if (flags.events) return eventLines(screen);
  if (flags.quiet || flags.json) return { sink: () => undefined, close: () => undefined };
  return screen.isTTY === true ? liveView(screen) : plainView(screen);
}

function eventLines(screen: Screen): EventView {
  return {
    sink: (event) => void screen.write(`${JSON.stringify(event)}\n`),
    close: () => undefined,
  };
}

function plainView(screen: Screen): EventView {
  const shownAt = new Map<string, number>();
  const sink = (event: OcrpipeEvent): void => {
    if (event.type === 'progress') {
      const now = performance.now();
      const last = shownAt.get(event.key);
      if (last === undefined) shownAt.set(event.key, now);
      else if (now - last >= PLAIN_INTERVAL_MS) {
        shownAt.set(event.key, now);
        screen.write(`${progressText(event)}\n`);
      }
      return;
    }
    if (event.type === 'progress-end') shownAt.delete(event.key);
    const line = eventLine(event);
    if (line !== undefined) screen.write(`${line}\n`);
  };
  return { sink, close: () => undefined };
}

/** Lasting lines scroll by above; below them stands one line for each piece of work and each running stage. */
function liveView(screen: Screen): EventView {
  const live = new Map<string, string>();
  let drawn = 0;
  let drawnAt = -Infinity;
  const erase = (): string => (drawn === 0 ? '' : `\u001B[${drawn}A\u001B[0J`);
  const draw = (above: string): void => {
    const width = (screen.columns ?? 80) - 1;
    const lines = [...live.values()].map((line) => `${line.slice(0, width)}\n`);
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
  if (event.type === 'progress') live.set(event.key, progressText(event));
  else if (event.type === 'progress-end') return live.delete(event.key);
  else if (event.type === 'stage-start') live.set(`stage ${event.stage}`, `${event.stage}: running`);
  else if (event.type === 'stage-end') return live.delete(`stage ${event.stage}`);
  else return false;
  return true;
}
