import { describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { openEventView } from '../../src/cli/event-view.js';

const ALL_OFF = { json: false, quiet: false, events: false };

const STORY: readonly OcrpipeEvent[] = [
  {
    type: 'note',
    level: 'warning',
    code: 'edited',
    message: 'data/raw was edited; running on what is there',
  },
  { type: 'stage-start', stage: 'train', reasons: ['data/split changed'] },
  { type: 'stage-output', stage: 'train', stream: 'stdout', line: 'step 10' },
  { type: 'progress', key: 'upload', done: 1, total: 4, unit: 'objects' },
  { type: 'progress-end', key: 'upload' },
  { type: 'waiting', what: 'the store', holder: 'process 7', sinceSeconds: 3 },
  { type: 'stage-end', stage: 'train', action: 'ran', seconds: 61 },
];

/** What the view writes while it is shown `events`, to a screen that is a terminal or not. */
function written(
  events: readonly OcrpipeEvent[],
  options: { flags?: Partial<typeof ALL_OFF>; isTTY?: boolean },
): string {
  const chunks: string[] = [];
  const screen = { isTTY: options.isTTY ?? false, columns: 40, write: (text: string) => chunks.push(text) };
  const view = openEventView({ ...ALL_OFF, ...options.flags }, screen);
  for (const event of events) view.sink(event);
  view.close();
  view.close();
  return chunks.join('');
}

/** The text that a terminal shows after `output`: only 'up n lines' and 'erase below' are understood. */
function screenAfter(output: string): string[] {
  const lines: string[] = [];
  for (const part of output.split('\u001B[')) {
    const [, up, text = part] = /^(?:(\d+)A|0J)(.*)$/s.exec(part) ?? [];
    if (up !== undefined) lines.splice(lines.length - Number(up));
    lines.push(...text.split('\n').slice(0, -1));
  }
  return lines;
}

const LASTING = [
  'warning: data/raw was edited; running on what is there',
  'train: starts (data/split changed)',
  'train | step 10',
  'waiting for the store, held by process 7 for 3.0 s',
  'train: ran in 1 min 1 s',
];

describe('the view of events', () => {
  it('writes one line a change where stderr is no terminal', () => {
    expect(written(STORY, {}).trimEnd().split('\n')).toEqual(LASTING);
  });

  it('leaves the same lines on a terminal once the live lines are gone', () => {
    expect(screenAfter(written(STORY, { isTTY: true }))).toEqual(LASTING);
  });

  it('shows live lines on a terminal, cut to its width', () => {
    const detail = 'x'.repeat(80);
    const output = written([{ type: 'progress', key: 'hash', done: 5, total: 10, unit: 'files', detail }], {
      isTTY: true,
    });
    expect(output).toContain('hash: 5 of 10 files, 50 %  xxxxxxxxxxxx\n');
  });

  it.each([{ quiet: true }, { json: true }])('writes nothing with %j', (flags) => {
    expect(written(STORY, { flags })).toBe('');
  });

  it('writes every event as one JSON line with --events, even beside --json', () => {
    const output = written(STORY, { flags: { events: true, json: true } });
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(STORY);
  });
});
