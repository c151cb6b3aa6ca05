import { chmodSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { MAX_RECORD_BYTES, RunRecords } from '../../src/store/run-records.js';
import { newStore } from './new-store.js';

const key = contentIdOf('inputs');

describe('run records', () => {
  it('are found by their key and named by their bytes, whatever the order of fields', () => {
    const root = newStore();
    const records = new RunRecords(root);
    const first = records.put(key, { b: 1, a: ['x', null] });
    expect(first).toBe(contentIdOf('{"a":["x",null],"b":1}'));
    expect(records.put(key, { a: ['x', null], b: 1 })).toBe(first);
    const second = records.put(key, { b: 2 });
    const elsewhere = records.put(contentIdOf('other'), {});
    expect(new RunRecords(root).list(key)).toEqual([first, second].sort());
    expect(records.read({ key, record: first })).toEqual({ a: ['x', null], b: 1 });
    expect([...records.all()]).toHaveLength(3);
    expect(records.list(contentIdOf('none'))).toEqual([]);
    expect(records.fileOf({ key, record: elsewhere })).toContain('/runs/');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('are refused with any bit flipped and at any length', () => {
    const records = new RunRecords(newStore());
    const record = records.put(key, { command: 'train', outs: { model: contentIdOf('model') } });
    const file = records.fileOf({ key, record });
    const sound = readFileSync(file);
    chmodSync(file, 0o644);
    const outcomes = new Set<unknown>();
    const tryBytes = (bytes: Buffer): void => {
      writeFileSync(file, bytes);
      try {
        outcomes.add(records.read({ key, record }));
      } catch (error) {
        outcomes.add(error instanceof OcrpipeError ? error.code : error);
      }
    };
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const bytes = Buffer.from(sound);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      tryBytes(bytes);
    }
    for (let length = 0; length < sound.length; length += 1) tryBytes(sound.subarray(0, length));
    expect([...outcomes]).toEqual(['object-damaged']);
    expect(records.put(key, { command: 'train', outs: { model: contentIdOf('model') } })).toBe(record);
    expect(readFileSync(file).equals(sound)).toBe(true);
  });

  it('are refused when they are not canonical JSON, though their id fits', () => {
    const records = new RunRecords(newStore());
    for (const text of [
      '{"b":1,"a":2}',
      '{ }',
      '{"a":1.0}',
      'nonsense',
      '"\xff"',
      '"\\ud800"',
      '['.repeat(100_000),
      '{"a":1}\n',
    ]) {
      const bytes = Buffer.from(text, 'latin1');
      expect(() => {
        records.putBytes({ key, record: contentIdOf(bytes) }, bytes);
      }).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    }
    expect([...records.all()]).toEqual([]);
  });

  it('are refused when they are far too long, before they are read', () => {
    const records = new RunRecords(newStore());
    const record = contentIdOf('long');
    const file = records.fileOf({ key, record });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.alloc(MAX_RECORD_BYTES + 1));
    expect(() => records.read({ key, record })).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    unlinkSync(file);
    expect(() => records.read({ key, record })).toThrow(expect.objectContaining({ code: 'object-missing' }));
  });
});
