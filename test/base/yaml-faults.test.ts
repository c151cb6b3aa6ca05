import { describe, expect, it } from 'vitest';
import { parseYamlFile } from '../../src/base/yaml-file.js';

const valueOf = (text: string): unknown => parseYamlFile(text, 'f.yaml').value;

describe('YAML that has no one value as JSON', () => {
  it.each<[string, string, string | RegExp, number]>([
    ['a key that stands twice', 'a: 1\nb: 2\na: 3', "the key 'a' stands twice in one map", 3],
    ['keys that are one as texts', '1: a\n"1": b', "the key '1' stands twice in one map", 2],
    ['an empty key and null', '~: a\n"": b', "the key '' stands twice in one map", 2],
    ['two merges in one map', 'a: &x {b: 1}\nc: {<<: *x, <<: *x}', "the key '<<' stands twice in one map", 2],
    ['a map as a key', 'x:\n  ? {a: 1}\n  : b', 'a key is a map or a list', 2],
    ['an alias of a list as a key', 'a: &x [1]\n*x : b', 'a key is a map or a list', 2],
    ['a date by its tag', 'a: 1\nb: !!timestamp 2024-01-01', /the tag !!timestamp is none/, 2],
    ['bytes by their tag', 'a: !!binary aGk=', /the tag !!binary is none/, 1],
    ['a set', 'a: !!set {x}', /the tag !!set is none/, 1],
    ['an ordered map', 'a: !!omap [x: 1]', /the tag !!omap is none/, 1],
    ['a tag of a language', 'a: !!python/tuple [1, 2]', /Unresolved tag|the tag/, 1],
    ['a tag of its own', 'a: !secret x', /Unresolved tag/, 1],
    ['an alias of what it lies in', 'a: 1\nb: &x [1, *x]', /the alias \*x stands inside/, 2],
    ['an alias of nothing', 'a: *x', /names no anchor before it/, 1],
    ['a merge of what is no map', 'a: {<<: 1}', /[Mm]erge/, 1],
    ['several documents', 'a: 1\n---\nb: 2', /multiple documents/, 2],
    ['nesting that ends no program', `a: ${'['.repeat(3000)}${']'.repeat(3000)}`, /nested too deeply/, 1],
  ])('is refused, with the place: %s', (_what, text, message, line) => {
    expect(() => valueOf(text)).toThrow(
      expect.objectContaining({
        code: 'yaml-syntax',
        exitCode: 2,
        message: expect.stringMatching(message) as unknown,
      }),
    );
    try {
      valueOf(text);
    } catch (error) {
      const { location } = error as { location: { file: string; line?: number } };
      expect(location.file).toBe('f.yaml');
      expect(location.line ?? line).toBe(line);
    }
  });

  it('is refused before aliases of aliases fill the memory', () => {
    const lists = Array.from({ length: 12 }, (_, at) => {
      const item = at === 0 ? 'x' : `*l${at - 1}`;
      return `l${at}: &l${at} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
    });
    expect(() => valueOf(lists.join('\n'))).toThrow(expect.objectContaining({ code: 'yaml-syntax' }));
    expect(() => valueOf(`a: ${'['.repeat(200_000)}`)).toThrow(
      expect.objectContaining({ code: 'yaml-syntax' }),
    );
  });
});

describe('YAML of several forms and one value', () => {
  it.each<[string, string, unknown]>([
    [
      'anchors, aliases and merge keys',
      'b: &b {x: 1, y: 2}\nt: {<<: *b, y: 3}\nu: *b',
      { b: { x: 1, y: 2 }, t: { x: 1, y: 3 }, u: { x: 1, y: 2 } },
    ],
    ['a merge of several', 't: {<<: [{x: 1}, {x: 2, y: 2}], z: 3}', { t: { x: 1, y: 2, z: 3 } }],
    ['a quoted << is a key', '"<<": {x: 1}', { '<<': { x: 1 } }],
    ['core tags', 'a: !!str 7\nb: !!int "7"\nc: ! 12\nd: !!null ""', { a: '7', b: 7, c: '12', d: null }],
    [
      'a directive of YAML 1.1 changes nothing',
      '%YAML 1.1\n---\na: yes\nb: 2024-01-01\nc: 1_000',
      { a: 'yes', b: '2024-01-01', c: '1_000' },
    ],
    ['line ends and a byte order mark', '\ufeffa: |\r\n  x\r\n  y\r\nb: 1\r\n', { a: 'x\ny\n', b: 1 }],
  ])('is read as that: %s', (_what, text, value) => {
    expect(valueOf(text)).toEqual(value);
  });

  it('is compared in time that grows with the number of its keys', () => {
    const keys = Array.from({ length: 30_000 }, (_, at) => `k${at}: ${at}`);
    expect(Object.keys(valueOf(keys.join('\n')) as object)).toHaveLength(30_000);
  });
});
