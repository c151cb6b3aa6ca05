import { describe, expect, it } from 'vitest';
import { conflictSides } from '../../../src/base/conflict-sides.js';
import type { ContentId } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { formatLockFile, parseLockFile, type LockEntry } from '../../../src/pipeline/records/lock-file.js';
import { chooseLocked, lockedOutputs, mergeLocks } from '../../../src/pipeline/records/merge-locks.js';
import fc, { runs } from '../../rig/fast-check.js';

const LABELS = { ours: 'ours', theirs: 'theirs', virtual: false };

function entry(text: string): LockEntry {
  const out = { path: `out ${text}` as RepoPath, id: text.repeat(64).slice(0, 64) as ContentId };
  return {
    ...{ run: [`make ${text}: now`], wdir: '.' as RepoPath, deps: [], params: [] },
    outs: [{ ...out, kind: 'file', size: 1 }],
  };
}

const names = ['a', 'train@vgg-64', '12', 'x: y', 'stages'];
const anyStages = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('1', '2', '3'), {
  noNullPrototype: true,
});
type Stages = Readonly<Record<string, string>>;

function lock(stages: Stages): string {
  return formatLockFile(new Map(Object.entries(stages).map(([name, text]) => [name, entry(text)])));
}

describe('mergeLocks', () => {
  it('merges each stage by itself, and leaves one in conflict only if both sides ran it differently', () => {
    fc.assert(
      fc.property(anyStages, anyStages, anyStages, (base, ours, theirs) => {
        const merged = mergeLocks({ base: lock(base), ours: lock(ours), theirs: lock(theirs) }, LABELS)!;
        const expected: Record<string, string> = {};
        const conflicts: string[] = [];
        for (const name of names) {
          const [b, o, t] = [base[name], ours[name], theirs[name]];
          if (o !== t && b !== o && b !== t && o !== undefined && t !== undefined) conflicts.push(name);
          const value = o === t || b === t ? o : b === o ? t : (o ?? t);
          if (value !== undefined) expected[name] = value;
        }
        expect(merged.conflicts).toEqual(conflicts.sort());
        const { ours: left, theirs: right } = conflictSides(merged.text) ?? {
          ours: merged.text,
          theirs: merged.text,
        };
        expect(left).toBe(lock(expected));
        const other = Object.fromEntries(conflicts.map((name) => [name, theirs[name]!]));
        expect(right).toBe(lock({ ...expected, ...other }));
      }),
      { numRuns: runs(200) },
    );
  });

  it('gives the base for a conflict that nobody is to see', () => {
    const sides = { base: lock({ a: '1' }), ours: lock({ a: '2' }), theirs: lock({ a: '3' }) };
    expect(mergeLocks(sides, { ...LABELS, virtual: true })).toEqual({
      text: lock({ a: '1' }),
      conflicts: [],
    });
  });

  it('chooses a side for one stage and leaves the others in markers', () => {
    const ours = lock({ a: '1', 12: '1' });
    const theirs = lock({ a: '2', 12: '2' });
    const chosen = chooseLocked({ ours, theirs }, (name) => (name === 'a' ? 'theirs' : 'open'), LABELS)!;
    expect(chosen.conflicts).toEqual(['12']);
    const both = conflictSides(chosen.text)!;
    expect(parseLockFile(both.ours).get('a')).toEqual(entry('2'));
    expect(both.ours).toBe(lock({ a: '2', 12: '1' }));
    expect(both.theirs).toBe(lock({ a: '2', 12: '2' }));
  });

  it('leaves to git what is not as ocrpipe writes it', () => {
    const good = lock({ a: '1' });
    const other = good.replace('version: 1', 'version: 2');
    for (const bad of [other, '', 'nonsense\n', `${good}extra: 1\n`]) {
      expect(mergeLocks({ base: good, ours: good, theirs: bad }, LABELS)).toBeUndefined();
    }
  });

  it('knows the outputs and their stages, with markers and without', () => {
    const sides = { base: '', ours: lock({ a: '1', 12: '3' }), theirs: lock({ a: '2', 12: '3' }) };
    const merged = mergeLocks({ ...sides, base: lock({}) }, LABELS)!;
    expect(lockedOutputs(merged.text)).toEqual(
      new Map([
        ['out 3', '12'],
        ['out 1', 'a'],
        ['out 2', 'a'],
      ]),
    );
  });
});
