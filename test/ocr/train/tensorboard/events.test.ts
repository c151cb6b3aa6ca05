import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../src/base/crc32c.js';
import {
  imageValue,
  isSummary,
  parametersValue,
  scalarValue,
  sessionStart,
  summaryEvent,
  textValue,
  versionEvent,
} from '../../../../src/ocr/train/tensorboard/events.js';
import { framed, recordsOf } from '../../../../src/ocr/train/tensorboard/records.js';

/** Records of TensorBoard's own writer: `test/golden/make_events.py`. */
const GOLDEN = JSON.parse(
  readFileSync(new URL('../../../golden/events.json', import.meta.url), 'utf8'),
) as Record<string, string>;
const WALL_TIME = 1792921600.25;

const at = (step: number) => ({ wallTime: WALL_TIME, step });
const picture = {
  heightPx: 2,
  widthPx: 300,
  channels: 1,
  png: Uint8Array.from({ length: 200 }, (_, value) => value),
};
const EVENTS: Record<string, Uint8Array> = {
  version: versionEvent(WALL_TIME),
  start: sessionStart(at(300)),
  startAtZero: sessionStart(at(0)),
  scalars: summaryEvent(at(1600), [scalarValue('loss/step', 0.1), scalarValue('speed/waitShare', 0)]),
  image: summaryEvent(at(127), [imageValue('worst/1', picture, '*Line* 1')]),
  text: summaryEvent(at(128), [textValue('samples', '| Tiếng | Việt |\n| --- | --- |')]),
  number: summaryEvent(at(0), [parametersValue({ 'train.learningRate': 0.003 }, WALL_TIME)]),
  truth: summaryEvent(at(0), [parametersValue({ 'train.amsgrad': true }, WALL_TIME)]),
  word: summaryEvent(at(0), [parametersValue({ 'model.type': 'crnn' }, WALL_TIME)]),
};

describe('events for TensorBoard', () => {
  it.each(Object.keys(GOLDEN))('have the bytes of its own writer: %s', (name) => {
    expect(framed(EVENTS[name]!).toString('base64')).toBe(GOLDEN[name]);
  });

  it('are told apart: summaries, and what frames them', () => {
    const summaries = Object.keys(EVENTS).filter((name) => isSummary(Buffer.from(EVENTS[name]!)));
    expect(summaries).toEqual(['scalars', 'image', 'text', 'number', 'truth', 'word']);
  });
});

describe('records', () => {
  const [first, second] = [Buffer.from('one'), Buffer.alloc(300, 7)];
  const file = Buffer.concat([framed(first), framed(second)]);
  const firstBytes = framed(first).length;

  it('are read back', () => {
    expect([...recordsOf(file)]).toEqual([first, second]);
    expect([...recordsOf(Buffer.alloc(0))]).toEqual([]);
  });

  it('end before the first that is not whole, wherever it was cut', () => {
    for (let length = firstBytes; length < file.length; length += 1)
      expect([...recordsOf(file.subarray(0, length))]).toEqual([first]);
  });

  it('end before the first of which any byte is another', () => {
    for (let place = firstBytes; place < file.length; place += 1) {
      const damaged = Buffer.from(file);
      damaged[place]! ^= 1;
      expect([...recordsOf(damaged)]).toEqual([first]);
    }
  });
});

it('CRC-32C gives the check values of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, byte) => byte))).toBe(0x46dd794e);
});
