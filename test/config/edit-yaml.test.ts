import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { withoutKey, withValue } from '../../src/config/edit-yaml.js';
import fc, { runs } from '../rig/fast-check.js';

const parsed = (text: string): unknown => parseDocument(text, { version: '1.2', schema: 'core' }).toJS();

const FILE = `# ours
version: 1 # keep

remotes:
    # the store
    s: # here
        url: ../st   # a folder
        region: eu
    't': {url: ../t} # another

# end
`;

describe('setting a value', () => {
  test('leaves every other byte as it is', () => {
    expect(withValue(FILE, ['remotes', 's', 'url'], '../new')).toBe(FILE.replace('../st', '../new'));
    expect(withValue(FILE, ['remotes', 's', 'profile'], 'dev')).toBe(
      FILE.replace('region: eu\n', 'region: eu\n        profile: dev\n'),
    );
    expect(withValue(FILE, ['default'], 's')).toBe(FILE.replace('# another\n', '# another\ndefault: s\n'));
    expect(withValue(FILE, ['pools', 'a b'], 2)).toBe(
      FILE.replace('# another\n', '# another\npools:\n  a b: 2\n'),
    );
  });

  test('keeps the comments of a file that is written otherwise', () => {
    const after = withValue(FILE, ['remotes', 't', 'region'], 'eu');
    expect(parsed(after)).toMatchObject({ remotes: { t: { url: '../t', region: 'eu' } } });
    for (const comment of FILE.match(/#.*/g)!) expect(after).toContain(comment);
  });

  test('starts a file that is empty, and keeps the line ends of one that is not', () => {
    expect(parsed(withValue('', ['a', 'b'], true))).toEqual({ a: { b: true } });
    expect(parsed(withValue('# only this\n', ['a'], ['x', 'y']))).toEqual({ a: ['x', 'y'] });
    expect(withValue('version: 1\r\n', ['a'], 'b')).toBe('version: 1\r\na: b\r\n');
    expect(withValue('version: 1', ['a'], 'b')).toBe('version: 1\na: b\n');
  });

  test('writes a text so that it is read as that text', () => {
    for (const text of [
      '1',
      'true',
      '',
      '# no',
      'a: b',
      '- x',
      "it's",
      '"q"',
      'null',
      '~',
      ' x ',
      'a\nb',
      '*a',
      '.,*!',
      'a]',
      '{',
    ]) {
      expect(parsed(withValue(FILE, ['default'], text)), text).toMatchObject({ default: text });
      expect(parsed(withValue(FILE, ['link'], [text, 'a,b'])), text).toMatchObject({ link: [text, 'a,b'] });
    }
  });
});

describe('taking a key away', () => {
  test('takes its lines and the maps that are empty then, and no others', () => {
    expect(withoutKey(FILE, ['remotes', 's', 'region'])).toBe(FILE.replace('        region: eu\n', ''));
    expect(withoutKey(FILE, ['remotes', 'none'])).toBe(FILE);
    expect(withoutKey('a: 1\npools:\n  x: 1\n# end\n', ['pools', 'x'])).toBe('a: 1\n# end\n');
    expect(withoutKey('a:\n- 1\n- 2\nb: 3\n', ['a'])).toBe('b: 3\n');
  });
});

type Model = { [key: string]: unknown };

function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Does to an object what the edits do to a text; false if a value that is no map is in the way. */
function apply(model: Model, [key = '', ...rest]: readonly string[], value: unknown): boolean {
  if (rest.length === 0) {
    if (value === undefined) Reflect.deleteProperty(model, key);
    else model[key] = value;
    return true;
  }
  const inner = model[key] ?? {};
  if (!isModel(inner) || !apply(inner, rest, value)) return false;
  if (Object.keys(inner).length > 0) model[key] = inner;
  else Reflect.deleteProperty(model, key);
  return true;
}

describe('any sequence of edits', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'c d', '1'), { minLength: 1, maxLength: 3 });
  const text = fc.string({ maxLength: 8 });
  const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 }));
  const edit = fc.tuple(path, fc.option(value, { nil: undefined }));
  const start = '# one\nversion: 1 # two\n\na: # three\n  # four\n  b: x\n# five\n';

  test('leaves a file that says what was said, with the comments that it began with', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
        const model: Model = { version: 1, a: { b: 'x' } };
        let now = start;
        for (const [where, what] of edits) {
          if (!apply(structuredClone(model), where, what)) continue;
          apply(model, where, what);
          now = what === undefined ? withoutKey(now, where) : withValue(now, where, what);
          expect(parsed(now)).toEqual(model);
        }
        for (const comment of ['# one', '# two']) expect(now).toContain(comment);
      }),
      { numRuns: runs(200) },
    );
  });
});
