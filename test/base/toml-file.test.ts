import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { parseTomlFile } from '../../src/base/toml-file.js';
import { parseValuesFile } from '../../src/base/values-file.js';
import fc from '../rig/fast-check.js';

const TEXT = `# sizes
title = "plates"
day = 1979-05-27
at = 1979-05-27T07:32:00Z
[train]
lr = 1e-1
  "a.b".c = [
  1,
  2,
]
text = """
[no.table]
key = 1
"""
[ 'augment' . noise ]
kinds = { blur = true }
[[runs]]
name = "a"
[[runs]]
name = "b"
[runs.last]
seed = 7
`;

const placeOf = (...path: (string | number)[]): string => {
  const { line, column } = parseTomlFile(TEXT, 'params.toml').locate(path);
  return `${line}:${column}`;
};

describe('a TOML file', () => {
  it('has values as JSON has them; dates and times are texts', () => {
    expect(parseTomlFile(TEXT, 'params.toml').value).toEqual({
      ...{ title: 'plates', day: '1979-05-27', at: '1979-05-27T07:32:00.000Z' },
      train: { lr: 0.1, 'a.b': { c: [1, 2] }, text: '[no.table]\nkey = 1\n' },
      augment: { noise: { kinds: { blur: true } } },
      runs: [{ name: 'a' }, { name: 'b', last: { seed: 7 } }],
    });
  });

  it('knows where its keys and tables stand, and for what stands inside of a line the key of that line', () => {
    expect(placeOf('title')).toBe('2:1');
    expect(placeOf('train')).toBe('5:2');
    expect(placeOf('train', 'a.b', 'c')).toBe('7:3');
    expect(placeOf('train', 'a.b', 'c', 1)).toBe('7:3');
    expect(placeOf('augment', 'noise', 'kinds', 'blur')).toBe('16:1');
    expect(placeOf('runs', 1, 'name')).toBe('20:1');
    expect(placeOf('runs', 1, 'last', 'seed')).toBe('22:1');
    expect(placeOf('no')).toBe('1:1');
  });

  it('is refused with its place: what is malformed, numbers beyond 2^53, markers of a merge', () => {
    const refusal = (text: string) => () => parseTomlFile(text, 'params.toml');
    expect(refusal('a = 1\nb = = 2\n')).toThrow(
      expect.objectContaining({ code: 'toml-syntax', location: { file: 'params.toml', line: 2, column: 5 } }),
    );
    expect(refusal('a = 1\na = 2\n')).toThrow(expect.objectContaining({ code: 'toml-syntax' }));
    expect(refusal('a = 9007199254740993\n')).toThrow(
      expect.objectContaining({ code: 'toml-syntax', location: { file: 'params.toml', line: 1, column: 5 } }),
    );
    expect(refusal('<<<<<<< a\na = 1\n=======\na = 2\n>>>>>>> b\n')).toThrow(
      expect.objectContaining({ code: 'conflict-markers' }),
    );
  });

  it('may begin with a byte order mark and have line ends of Windows', () => {
    expect(parseTomlFile('\uFEFFa = 1\r\n[b]\r\nc = 2\r\n', 'x.toml').value).toEqual({ a: 1, b: { c: 2 } });
  });

  it('names, for every key of any file, a line that has this key', () => {
    const key = fc.stringMatching(/^[a-z]{1,8}$/);
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: 'grapheme-ascii' }));
    const table = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf)));
    fc.assert(
      fc.property(table, (values) => {
        const text = stringify(values);
        const file = parseTomlFile(text, 'x.toml');
        expect(file.value).toEqual(JSON.parse(JSON.stringify(parse(text))));
        for (const [name, value] of Object.entries(values)) {
          const keys = typeof value === 'object' ? Object.keys(value) : [];
          for (const path of [[name], ...keys.map((inner) => [name, inner])]) {
            const { line, column } = file.locate(path);
            expect(text.split('\n')[line! - 1]!.slice(column! - 1)).toContain(path.at(-1));
          }
        }
      }),
    );
  });
});

it('files of values are TOML by their name, else YAML, and JSON may be indented with tabs', () => {
  expect(parseValuesFile('a = 1', 'x.toml').value).toEqual({ a: 1 });
  expect(parseValuesFile('a: 1', 'x.yaml').value).toEqual({ a: 1 });
  const json = parseValuesFile(
    '{\n\t"train": {\n\t\t"lr":\t0.1,\n\t\t"sizes": [\n\t\t\t1,\n\t\t\t2\n\t\t]\n\t}\n}\n',
    'x.json',
  );
  expect(json.value).toEqual({ train: { lr: 0.1, sizes: [1, 2] } });
  expect(json.locate(['train', 'lr'])).toEqual({ file: 'x.json', line: 3, column: 9 });
});
