import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isEventFile, openEventFile } from '../../../../src/ocr/train/tensorboard/event-folder.js';
import { isSummary, scalarValue } from '../../../../src/ocr/train/tensorboard/events.js';
import { recordsOf } from '../../../../src/ocr/train/tensorboard/records.js';
import { trainingOutputs } from '../../../../src/ocr/train/training-outputs.js';
import { temporaryFolder } from '../../../rig/temporary-folder.js';

const KEY = 'a'.repeat(64);
const OTHER_KEY = 'b'.repeat(64);

function open(folder: string, key: string, keep: number) {
  return openEventFile(
    { path: join(folder, 'board'), key, staging: join(folder, 'staging'), now: () => 1e9 },
    keep,
  );
}

function summaries(folder: string): Buffer[] {
  const names = readdirSync(join(folder, 'board'));
  expect(names).toHaveLength(1);
  expect(names.every(isEventFile)).toBe(true);
  return [...recordsOf(readFileSync(join(folder, 'board', names[0]!)))].filter(isSummary);
}

it('a file of events goes on with as many summaries as are to be kept, under a later name', () => {
  const folder = temporaryFolder();
  const first = open(folder, KEY, 0);
  for (const step of [1, 2, 3]) first.write(step, [scalarValue('loss', step)]);
  const before = summaries(folder);
  const [name] = readdirSync(join(folder, 'board'));
  const second = open(folder, KEY, 2);
  expect(second.count()).toBe(2);
  expect(second.isContinued).toBe(true);
  expect(summaries(folder)).toEqual(before.slice(0, 2));
  expect(readdirSync(join(folder, 'board'))[0]! > name!).toBe(true);
});

it('a file of events begins anew behind those of another training', () => {
  const folder = temporaryFolder();
  open(folder, OTHER_KEY, 0).write(1, [scalarValue('loss', 1)]);
  expect(open(folder, KEY, 1).isContinued).toBe(false);
  expect(summaries(folder)).toEqual([]);
});

it('a folder of events may be neither that of a model nor hold other things', () => {
  const cwd = temporaryFolder();
  const asked = (tensorboard: string) => () => trainingOutputs(cwd, { out: 'm', last: 'l', tensorboard }, []);
  mkdirSync(join(cwd, 'photos'));
  writeFileSync(join(cwd, 'photos', 'a.png'), '');
  const code = (value: string) => expect.objectContaining({ code: value, exitCode: 2 }) as unknown;
  expect(asked('photos')).toThrow(code('output-foreign'));
  expect(asked('m')).toThrow(code('output-named-twice'));
  expect(asked('./l')).toThrow(code('output-named-twice'));
  expect(asked('')).toThrow(code('output-unusable'));
  expect(asked('runs/a')()).toMatchObject({ tensorboard: join(cwd, 'runs/a') });
});
