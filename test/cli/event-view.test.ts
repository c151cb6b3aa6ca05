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
  options: { flags?: Partial<typeof ALL_OFF>; isTTY?: boolean; columns?: number; inStage?: boolean },
): string {
  const chunks: string[] = [];
  const { isTTY = false, columns = 40, inStage = false } = options;
  const stderr = { isTTY, columns, write: (text: string) => chunks.push(text) };
  const view = openEventView({ ...ALL_OFF, ...options.flags }, { stdout: stderr, stderr }, inStage);
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
  it('lets no name steer the terminal or begin a line', () => {
    const name = 'a\u001B[2J\nb';
    const shown = 'a\\x1b[2J\\x0ab';
    const named: readonly OcrpipeEvent[] = [
      { type: 'progress', key: `hash ${name}`, done: 1, unit: 'files', detail: name },
      { type: 'note', level: 'info', code: 'edited', message: `${name} was edited` },
      { type: 'waiting', what: name, holder: name, sinceSeconds: 1 },
      { type: 'stage-start', stage: 'train', reasons: [`${name} changed`] },
    ];
    const lasting = [
      `${shown} was edited`,
      `waiting for ${shown}, held by ${shown} for 1.0 s`,
      `train: starts (${shown} changed)`,
    ];
    const plain = written(named, { inStage: true });
    expect(plain.split(/[\r\n]/)).toEqual([`hash ${shown}: 1 files, ${shown}`, ...lasting, '']);
    const live = written(named, { isTTY: true, columns: 80 });
    expect(screenAfter(live)).toEqual(lasting);
    expect(live).toContain(`hash ${shown}: 1 files, ${shown}\n`);
  });

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
    expect(output).toContain('hash: 50 %, 5 of 10 files, xxxxxxxxxxx…\n');
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

  const hashing = (detail: string): OcrpipeEvent[] => [
    { type: 'progress', key: 'hash', done: 5, total: 10, unit: 'files', detail },
  ];

  it.each([
    [0, `hash: 50 %, 5 of 10 files, ${'x'.repeat(51)}…`],
    [1, '…'],
    [20, 'hash: 50 %, 5 of 1…'],
  ])('takes a terminal that says %d columns for one', (columns, line) => {
    expect(written(hashing('x'.repeat(80)), { isTTY: true, columns })).toContain(`${line}\n`);
  });

  it('counts columns, not characters', () => {
    const output = written(hashing('京都大学'), { isTTY: true, columns: 34 });
    expect(output).toContain('hash: 50 %, 5 of 10 files, 京都…\n');
  });

  const output = (line: string, live?: true): OcrpipeEvent => {
    return { type: 'stage-output', stage: 'train', stream: 'stderr', line, ...(live && { live }) };
  };

  it('names a stage once where its output begins with the same name', () => {
    expect(written([output('train: 3 of 4 steps'), output('trained')], {})).toBe(
      'train | 3 of 4 steps\ntrain | trained\n',
    );
  });

  it('keeps on a terminal only the newest of the lines that a stage writes over each other', () => {
    const events: OcrpipeEvent[] = [
      { type: 'stage-start', stage: 'train', reasons: [] },
      output('train: 1 of 4', true),
      output('train: 2 of 4', true),
      output('warning: dark image'),
    ];
    const text = written(events, { isTTY: true });
    expect(screenAfter(text)).toEqual(['train: starts', 'train | warning: dark image']);
    expect(text).toContain('train | warning: dark image\ntrain | 2 of 4\n');
  });

  it('leaves out, where nothing is written over, most of the lines that a stage writes over each other', () => {
    const events = [output('1 of 4', true), output('2 of 4', true), output('done')];
    expect(written(events, {})).toBe('train | done\n');
  });

  it('lets the repro that runs it write over its progress', () => {
    const events = [...hashing('a'), { ...hashing('b')[0]!, done: 10 }];
    expect(written(events as OcrpipeEvent[], { inStage: true })).toBe('hash: 50 %, 5 of 10 files, a\r');
  });
});
