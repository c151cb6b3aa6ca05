import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../src/base/canonical-json.js';
import { parseYamlFile } from '../../src/base/yaml-file.js';

type Pairs = readonly (readonly [string, string | null])[];
const golden = JSON.parse(
  readFileSync(new URL('../golden/canonical-json.json', import.meta.url), 'utf8'),
) as { numbers: Pairs; values: Pairs; scalars: Pairs };

/** Null for what is refused. */
function canonicalOrNull(value: JsonValue): string | null {
  try {
    return canonicalJson(value);
  } catch (error) {
    expect(error).toMatchObject({ code: 'not-canonical' });
    return null;
  }
}

describe('canonicalJson', () => {
  it('writes numbers as another implementation of RFC 8785 does, and refuses what no two readers read the same', () => {
    const mine = golden.numbers.map(([bits]): [string, string | null] => {
      return [bits, canonicalOrNull(Buffer.from(bits, 'hex').readDoubleBE())];
    });
    expect(mine).toEqual(golden.numbers);
    expect(mine.filter(([, text]) => text === null).length).toBeGreaterThan(50);
  });

  it('writes texts, keys and their order as another implementation does', () => {
    for (const [text, canonical] of golden.values) {
      expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(canonical);
    }
  });

  it.each<[string, JsonValue]>([
    ['half of a surrogate pair', 'x\ud800'],
    ['such a key', { '\udc00': 1 }],
    ['it deep inside', [{ a: [Number.NaN] }]],
  ])('refuses %s', (_what, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'not-canonical' }));
  });
});

describe('a plain scalar of YAML', () => {
  it('has the type that the core schema of YAML 1.2 gives it', () => {
    const mine = golden.scalars.map(([text]): [string, string | null] => {
      return [text, canonicalOrNull((parseYamlFile(`a: ${text}`, 'f').value as { a: JsonValue }).a)];
    });
    expect(mine).toEqual(golden.scalars);
  });
});
