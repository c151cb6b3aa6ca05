import { describe, expect, it } from 'vitest';
import { metricsDiff } from '../../src/actions/metrics-diff.js';
import { metricsShow } from '../../src/actions/metrics-show.js';
import { paramsDiff } from '../../src/actions/params-diff.js';
import { changesText, valuesText } from '../../src/cli/value-text.js';
import type { JsonValue } from '../../src/base/canonical-json.js';
import { delta, valueChanges, type ValueChange } from '../../src/metrics/value-changes.js';
import { readValueFile } from '../../src/metrics/value-file.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline/pipeline-workspace.js';
import fc from '../rig/fast-check.js';

const TEXT = `stages:
  train:
    run: cp params.yaml model.yaml && echo "{\\"loss\\":{\\"train\\":0.5},\\"epochs\\":$(grep -o '[0-9]*' params.yaml)}" > m.json
    params: [epochs]
    metrics: [m.json, {path: model.yaml, cache: true}]
`;

/** One commit with epochs 3, a second with 9, and 27 in the workspace. */
async function history(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(TEXT);
  for (const epochs of [3, 9]) {
    workspace.write('params.yaml', `epochs: ${epochs}\n`);
    await workspace.repro();
    workspace.commit(`epochs ${epochs}`);
  }
  workspace.write('params.yaml', 'epochs: 27\n');
  await workspace.repro();
  return workspace;
}

describe('metrics diff and params diff', () => {
  it('compare HEAD with the workspace, a commit with the workspace, and two commits', async () => {
    const workspace = await history();
    const epochs = async (a?: string, b?: string): Promise<unknown[]> => [
      ...(await metricsDiff({ a, b }, workspace.call())),
      ...(await paramsDiff({ a, b }, workspace.call())),
    ];
    const expected = (old: number, now: number): unknown[] => [
      { file: 'm.json', key: 'epochs', old, new: now },
      // Git holds only its pointer: the bytes of the older commit come from the store.
      { file: 'model.yaml', key: 'epochs', old, new: now },
      { file: 'params.yaml', key: 'epochs', old, new: now },
    ];
    expect(await epochs()).toEqual(expected(9, 27));
    expect(await epochs('HEAD~1')).toEqual(expected(3, 27));
    expect(await epochs('HEAD~1', 'HEAD')).toEqual(expected(3, 9));
    expect(await epochs('HEAD', 'HEAD')).toEqual([]);
  });

  it('take everything for new before the first commit, and refuse a revision that git does not know', async () => {
    const workspace = await newPipeline(TEXT);
    expect(await paramsDiff({ a: undefined, b: undefined }, workspace.call())).toContainEqual({
      file: 'params.yaml',
      key: 'train.epochs',
      old: null,
      new: 3,
      absent: 'old',
    });
    await expect(metricsDiff({ a: 'nowhere', b: undefined }, workspace.call())).rejects.toEqual(
      expect.objectContaining({ code: 'unknown-revision', exitCode: 2 }),
    );
  });

  it('show every number of the workspace or of a commit', async () => {
    const workspace = await history();
    expect(await metricsShow({ rev: undefined }, workspace.call())).toEqual([
      { file: 'm.json', key: 'loss.train', value: 0.5 },
      { file: 'm.json', key: 'epochs', value: 27 },
      { file: 'model.yaml', key: 'epochs', value: 27 },
    ]);
    expect(await metricsShow({ rev: 'HEAD~1' }, workspace.call())).toContainEqual({
      file: 'm.json',
      key: 'epochs',
      value: 3,
    });
  });
});

describe('valueChanges', () => {
  const side = (text: string, file = 'm.json'): ReturnType<typeof readValueFile>[] => [
    readValueFile(text, file),
  ];

  it('flattens nested keys and lists, and keeps the order of the file', () => {
    expect(valueChanges(side('{"b":{"x":1},"a":[1,2]}'), side('{"b":{"x":2},"a":[1,3],"n":null}'))).toEqual([
      { file: 'm.json', key: 'b.x', old: 1, new: 2 },
      { file: 'm.json', key: 'a.1', old: 2, new: 3 },
      { file: 'm.json', key: 'n', old: null, new: null, absent: 'old' },
    ]);
  });

  it('sees no change between JSON and YAML of the same values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value });
        expect(valueChanges(side(text), side(text))).toEqual([]);
      }),
    );
    expect(valueChanges(side('{"a":0.1}', 'm'), side('a: 0.10\n', 'm'))).toEqual([]);
  });

  it('refuses JSON that is none, with the file', () => {
    expect(() => readValueFile('{"loss": NaN}', 'm.json')).toThrow(
      expect.objectContaining({ code: 'values-not-readable', exitCode: 2, location: { file: 'm.json' } }),
    );
  });

  it('says by how much a number moved, without binary noise', () => {
    expect(delta({ file: 'm', key: 'k', old: 0.1, new: 0.3 })).toBe(0.2);
    expect(delta({ file: 'm', key: 'k', old: 'a', new: 1 })).toBeUndefined();
  });
});

const PLAIN = { markdown: false, rounded: false, empty: 'none' };

describe('tables of changes', () => {
  const changes = [
    { file: 'm.json', key: 'exact', old: 0.82, new: 0.9 },
    { file: 'p.yaml', key: 'name|x', old: null, new: 'crnn', absent: 'old' as const },
  ];

  it('tell a text from a number, and null from nothing', () => {
    const change = (old: JsonValue, now: JsonValue, absent?: 'new'): ValueChange => ({
      ...{ file: 'p', key: 'k', old, new: now },
      ...(absent && { absent }),
    });
    const rows = [change(1, '1'), change(null, null, 'new'), change(null, 'null'), change('', 'a b')];
    expect(
      changesText(rows, PLAIN)
        .split('\n')
        .slice(1)
        .map((row) => row.trim().split(/ {2,}/).slice(2)),
    ).toEqual([
      ['1', '"1"'],
      ['null', '-'],
      ['null', '"null"'],
      ['""', 'a b'],
    ]);
  });

  it('are aligned for people', () => {
    expect(changesText(changes, PLAIN)).toBe(
      'file    key      old  new   delta\nm.json  exact   0.82  0.9   +0.08\np.yaml  name|x  -     crnn',
    );
    expect(changesText([], PLAIN)).toBe('none');
  });

  it('are Markdown for a pull request', () => {
    expect(changesText(changes, { ...PLAIN, markdown: true })).toBe(
      '| file | key | old | new | delta |\n| --- | --- | --- | --- | --- |\n| m.json | exact | 0.82 | 0.9 | +0.08 |\n| p.yaml | name\\|x | - | crnn |  |',
    );
  });

  const measured = [
    { file: 'm.json', key: 'cer', old: 0.123456789, new: 0.12344444 },
    { file: 'm.json', key: 'levenshtein', old: 12.3456789, new: 3 },
    { file: 'm.json', key: 'loss', old: 0.000012345678, new: 1234567.89012 },
  ];

  it.each([false, true])('round what was measured, in Markdown: %s', (markdown) => {
    const text = changesText(measured, { markdown, rounded: true, empty: 'none' });
    const rows = text.split('\n').slice(markdown ? 2 : 1);
    expect(rows.map((row) => row.match(/[-+]?\d[\d.e-]*(?= |$)/g))).toEqual([
      ['0.1235', '0.1234', '-0.00001235'],
      ['12.3457', '3', '-9.3457'],
      ['0.00001235', '1234567.8901', '+1234567.8901'],
    ]);
  });

  it('leave a parameter as it is', () => {
    expect(changesText(measured, PLAIN)).toContain('0.123456789');
  });

  it('show values in the same way', () => {
    const values = [
      { file: 'm.json', key: 'exact', value: 0.666666666 },
      { file: 'm.json', key: 'count', value: 1200 },
    ];
    expect(valuesText(values, { markdown: false, rounded: true })).toBe(
      'file    key        value\nm.json  exact     0.6667\nm.json  count  1200',
    );
  });
});
