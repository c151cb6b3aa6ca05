import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { countText } from '../../base/count-text.js';
import { systemErrorCode, userError, type OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';

/** At most this many images are named in one note. */
const NAMED = 10;

/** Images that training may go without if they cannot be read. */
export interface SkipList {
  /** True if it lists the image. `isBad` says what was found. */
  lists(sample: Pick<Sample, 'image' | 'name'>, isBad: boolean): boolean;
  /** Tells what was left out, what is listed and can be read, and what is listed and was never met. */
  report(events: EventSink): void;
}

interface Entry {
  text: string;
  state: 'unknown' | 'good' | 'bad';
}

/** A list that is not there. */
export const noSkipList: SkipList = { lists: () => false, report: () => undefined };

/**
 * Reads a list: one image a line, as its manifest names it or as a path from `cwd`; a name with a line break in it as a JSON string. Empty lines and lines that begin
 * with '#' say nothing. Throws `skip-list-unreadable` (exit code 2). `shown` is the file as it was typed.
 */
export function readSkipList(cwd: string, shown: string): SkipList {
  const entries = readLines(resolve(cwd, shown), shown).map((text): Entry => ({ text, state: 'unknown' }));
  const byName = new Map<string, Entry>();
  for (const entry of entries) byName.set(resolve(cwd, entry.text), entry);
  for (const entry of entries) byName.set(entry.text, entry);
  return {
    lists({ image, name }, isBad) {
      const entry = byName.get(name) ?? byName.get(image);
      if (entry && entry.state !== 'bad') entry.state = isBad ? 'bad' : 'good';
      return entry !== undefined;
    },
    report(events) {
      const of = (state: Entry['state']): string[] =>
        entries.filter((entry) => entry.state === state).map(({ text }) => text);
      for (const { code, level, message } of notes(of, shown)) {
        events({ type: 'note', level, code, message });
      }
    },
  };
}

function readLines(file: string, shown: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(shown, systemErrorCode(error) ?? String(error));
  }
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => (line.startsWith('"') ? quoted(line, `${shown}:${index + 1}`) : line.trim()))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function quoted(line: string, place: string): string {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'string') return value;
  } catch {
    // Worded below.
  }
  throw unreadable(place, 'a line that begins with " must be one JSON string');
}

function unreadable(place: string, reason: string): OcrpipeError {
  return userError('skip-list-unreadable', `${place}: the list of images to skip cannot be read: ${reason}`, {
    hint: 'Give --skip-bad a text file with the name of one image a line.',
  });
}

function notes(of: (state: Entry['state']) => string[], shown: string) {
  const [bad, good, unknown] = [of('bad'), of('good'), of('unknown')];
  const left = countText(bad.length, 'image');
  const read = countText(good.length, 'image');
  const lines = unknown.length === 1 ? '1 entry' : `${unknown.length} entries`;
  return [
    {
      code: 'images-left-out',
      level: 'warning' as const,
      names: bad,
      message: `${left} that cannot be read ${bad.length === 1 ? 'is' : 'are'} left out, as ${shown} allows`,
    },
    {
      code: 'skip-not-needed',
      level: 'warning' as const,
      names: good,
      message: `${read} of ${shown} can be read and ${good.length === 1 ? 'is' : 'are'} used`,
    },
    {
      code: 'skip-unknown',
      level: 'info' as const,
      names: unknown,
      message: `${lines} of ${shown} ${unknown.length === 1 ? 'names' : 'name'} no image of the data`,
    },
  ]
    .filter(({ names }) => names.length > 0)
    .map(({ names, message, ...rest }) => ({ ...rest, message: `${message}: ${shortened(names)}` }));
}

function shortened(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
