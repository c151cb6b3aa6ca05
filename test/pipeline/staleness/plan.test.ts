import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/base/canonical-json.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import type { LockEntry } from '../../../src/pipeline/records/lock-file.js';
import { planStage, type PlanRequest } from '../../../src/pipeline/staleness/plan.js';
import type { Reason } from '../../../src/pipeline/staleness/reason.js';
import {
  sameContent,
  signatureOf,
  type LockedPath,
  type StageInputs,
} from '../../../src/pipeline/records/signature.js';
import { outputState, type OutputNow, type StageNow } from '../../../src/pipeline/staleness/staleness.js';
import type { Snapshot } from '../../../src/tracking/workspace-files.js';
import fc from '../../rig/fast-check.js';

const path = (text: string): RepoPath => text as RepoPath;
const file = (content: string): Snapshot => ({
  id: contentIdOf(content),
  kind: 'file',
  size: content.length,
});
const output = { path: path('o'), kind: 'out', cache: true, persist: false, at: [] } as const;

const ENTRY: LockEntry = {
  run: ['make o'],
  wdir: path('.'),
  deps: [{ path: path('d'), ...file('d') }],
  params: [{ file: path('params.yaml'), key: 'train', value: { epochs: 3, rate: 0.1 } }],
  outs: [{ path: path('o'), ...file('o') }],
};
const OUT: OutputNow = {
  output,
  there: file('o'),
  pointer: file('o'),
  lastPut: file('o'),
  stored: () => true,
};
const NOW: StageNow = {
  name: 's',
  run: ENTRY.run,
  wdir: ENTRY.wdir,
  deps: [{ path: path('d'), state: 'known', snapshot: file('d') }],
  params: ENTRY.params,
  outs: [OUT],
  interrupted: false,
};
const nothing = (): undefined => undefined;

function plan(now: Partial<StageNow>, request: Partial<PlanRequest> = {}): ReturnType<typeof planStage> {
  return planStage({
    now: { ...NOW, ...now },
    entry: ENTRY,
    frozen: false,
    always: false,
    forced: false,
    earlier: nothing,
    ...request,
  });
}

describe('planStage', () => {
  it('finds nothing to do where nothing changed', () => {
    expect(plan({})).toEqual({ action: 'fresh', reasons: [] });
  });

  const CHANGES: [string, Partial<StageNow>, Reason][] = [
    [
      'the command',
      { run: ['make p'] },
      { kind: 'command-changed', subject: 's', old: 'make o', new: 'make p' },
    ],
    ['the folder', { wdir: path('sub') }, { kind: 'wdir-changed', subject: 's', old: '.', new: 'sub' }],
    [
      'a dependency',
      { deps: [{ path: path('d'), state: 'known', snapshot: file('e') }] },
      { kind: 'dep-changed', subject: 'd', old: file('d').id, new: file('e').id },
    ],
    [
      'the executable bit of a dependency',
      { deps: [{ path: path('d'), state: 'known', snapshot: { ...file('d'), executable: true } }] },
      { kind: 'dep-changed', subject: 'd', old: file('d').id, new: file('d').id },
    ],
    ['a dependency less', { deps: [] }, { kind: 'dep-removed', subject: 'd', old: file('d').id }],
    [
      'a dependency that is gone',
      { deps: [{ path: path('d'), state: 'missing' }] },
      { kind: 'dep-missing', subject: 'd' },
    ],
    [
      'a dependency that is still to be made',
      { deps: [{ path: path('d'), state: 'pending', stage: 'before' }] },
      { kind: 'upstream', subject: 'before' },
    ],
    [
      'one number of a parameter',
      { params: [{ file: path('params.yaml'), key: 'train', value: { epochs: 4, rate: 0.1 } }] },
      { kind: 'param-changed', subject: 'params.yaml:train.epochs', old: 3, new: 4 },
    ],
    ['a killed run', { interrupted: true }, { kind: 'interrupted', subject: 's' }],
    [
      'an output that is gone',
      { outs: [{ output, pointer: file('o'), stored: () => false }] },
      { kind: 'output-missing', subject: 'o', old: file('o').id },
    ],
    [
      'an output of another run',
      { outs: [{ ...OUT, there: file('p'), lastPut: file('p') }] },
      { kind: 'output-moved', subject: 'o', old: file('o').id, new: file('p').id },
    ],
    [
      'an output that was edited',
      { outs: [{ ...OUT, there: file('mine'), stored: () => false }] },
      { kind: 'output-changed', subject: 'o', old: file('o').id, new: file('mine').id },
    ],
    [
      'an output of which only some files came',
      {
        outs: [
          { ...OUT, there: { ...file('some'), kind: 'directory' }, state: 'pointer-moved', begun: true },
        ],
      },
      { kind: 'output-incomplete', subject: 'o', old: file('o').id, new: file('some').id },
    ],
    [
      'a pointer that disagrees with the lock',
      { outs: [{ ...OUT, pointer: file('p') }] },
      { kind: 'output-moved', subject: 'o', old: file('o').id, new: file('o').id },
    ],
  ];
  it.each(CHANGES)('runs for %s, and says so', (_what, now, reason) => {
    expect(plan(now)).toMatchObject({ action: 'run', reasons: [reason] });
  });

  it('says that the result is not here where the lock has one of these inputs, and only then', () => {
    const gone = { outs: [{ output, stored: (): boolean => false }] };
    expect(plan(gone)).toMatchObject({ action: 'run', notHere: true });
    expect(plan({ ...gone, run: ['x'] })).not.toHaveProperty('notHere');
    expect(plan(gone, { entry: undefined })).not.toHaveProperty('notHere');
    expect(plan(gone, { forced: true })).not.toHaveProperty('notHere');
  });

  it('says of a new dependency and a new output that they are new', () => {
    const added: StageNow['deps'][number] = { path: path('e'), state: 'known', snapshot: file('e') };
    expect(plan({ deps: [...NOW.deps, added] }).reasons).toEqual([
      { kind: 'dep-added', subject: 'e', new: file('e').id },
    ]);
    const more: OutputNow = { output: { ...output, path: path('p') }, stored: () => false };
    expect(plan({ outs: [OUT, more] }).reasons).toEqual([{ kind: 'output-added', subject: 'p' }]);
    expect(plan({ outs: [] }).reasons).toEqual([{ kind: 'output-removed', subject: 'o', old: file('o').id }]);
  });

  it('runs what was never run, what is forced and what always runs, and leaves what is frozen', () => {
    expect(plan({}, { entry: undefined }).reasons[0]).toEqual({ kind: 'never-run', subject: 's' });
    expect(plan({}, { forced: true })).toEqual({
      action: 'run',
      reasons: [{ kind: 'forced', subject: 's' }],
    });
    expect(plan({}, { always: true })).toEqual({
      action: 'run',
      reasons: [{ kind: 'always', subject: 's' }],
    });
    expect(plan({ run: ['x'] }, { frozen: true, forced: true })).toEqual({ action: 'frozen', reasons: [] });
  });

  it('restores an earlier result where there is one, but not for a forced run or while an input is unknown', () => {
    const result: LockedPath[] = [{ path: path('o'), ...file('p') }];
    const earlier = (): LockedPath[] => result;
    expect(plan({ run: ['x'] }, { earlier })).toMatchObject({ action: 'restore', result });
    expect(plan({ run: ['x'] }, { earlier, forced: true }).action).toBe('run');
    expect(plan({ run: ['x'] }, { earlier, always: true }).action).toBe('run');
    expect(plan({ deps: [{ path: path('d'), state: 'missing' }] }, { earlier }).action).toBe('run');
  });

  it('tells whether the lock records a run with the same inputs', () => {
    const asked: boolean[] = [];
    const earlier: PlanRequest['earlier'] = (_inputs, recorded) => void asked.push(recorded);
    plan({ interrupted: true }, { earlier });
    plan({ run: ['x'] }, { earlier });
    expect(asked).toEqual([true, false]);
  });
});

describe('reasons of parameters', () => {
  const reasonsOf = (old: JsonValue, now: JsonValue): readonly Reason[] => {
    const of = (value: JsonValue): LockEntry['params'] => [{ file: path('params.yaml'), key: 'k', value }];
    return plan({ params: of(now) }, { entry: { ...ENTRY, params: of(old) } }).reasons;
  };

  it('tell a list from a map with the keys 0 and 1, and a dotted key from a key in a map', () => {
    const [list, map] = [[1, 2], { 0: 1, 1: 2 }];
    const subject = 'params.yaml:k';
    expect(reasonsOf(list, map)).toEqual([{ kind: 'param-changed', subject, old: list, new: map }]);
    expect(reasonsOf({ x: { y: 1 } }, { 'x.y': 1 })).toEqual([
      { kind: 'param-changed', subject: 'params.yaml:k.x.y', old: 1 },
      { kind: 'param-changed', subject: String.raw`params.yaml:k.x\.y`, new: 1 },
    ]);
  });

  it('are there exactly where the signature differs', () => {
    const key = fc.constantFrom('0', '1', 'a', 'b', 'a.b', 'a\\', '');
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<JsonValue>(null, 1, '1', true, ''),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    }));
    const inputs = (k: JsonValue): StageInputs => ({
      ...ENTRY,
      params: [{ file: path('p'), key: 'k', value: k }],
      outs: [],
    });
    fc.assert(
      fc.property(value, value, (old, now) => {
        const same = signatureOf(inputs(old)) === signatureOf(inputs(now));
        expect(reasonsOf(old, now).length === 0).toBe(same);
        expect(reasonsOf(old, old)).toEqual([]);
      }),
    );
  });
});

describe('the signature', () => {
  const inputs: StageInputs = { ...ENTRY, outs: [{ path: path('o'), persist: false }] };
  const value = fc.oneof(fc.integer(), fc.string(), fc.boolean());

  it('differs wherever a reason is found, and only there', () => {
    const changed: StageInputs[] = [
      { ...inputs, run: ['make', 'o'] },
      { ...inputs, wdir: path('x') },
      { ...inputs, deps: [] },
      { ...inputs, deps: [{ path: path('d'), ...file('x') }] },
      { ...inputs, deps: [{ path: path('d'), ...file('d'), executable: true }] },
      { ...inputs, deps: [{ path: path('d'), ...file('d'), kind: 'directory' }] },
      { ...inputs, outs: [{ path: path('o'), persist: true }] },
      { ...inputs, outs: [] },
      { ...inputs, params: [] },
    ];
    const all = [inputs, ...changed].map(signatureOf);
    expect(new Set(all).size).toBe(all.length);
    expect(signatureOf({ ...inputs, deps: [{ path: path('d'), ...file('d'), executable: false }] })).toBe(
      all[0],
    );
  });

  it('depends on the values of parameters, not on the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), value, (map, other) => {
        const of = (train: StageInputs['params'][number]['value']): string =>
          signatureOf({ ...inputs, params: [{ file: path('p'), key: 'k', value: train }] });
        const backwards = Object.fromEntries(Object.entries(map).reverse());
        expect(of(map)).toBe(of(backwards));
        expect(of({ ...map, k: other }) === of({ ...map, k: [other] })).toBe(false);
      }),
    );
  });
});

describe('outputState', () => {
  const maybe = fc.option(fc.constantFrom('a', 'b', 'c').map(file), { nil: undefined });

  it('calls an output edited only if its bytes are neither recorded, pointed to, last put there, nor unknown but stored', () => {
    fc.assert(
      fc.property(maybe, maybe, maybe, maybe, fc.boolean(), (there, pointer, lastPut, recorded, stored) => {
        const now: OutputNow = {
          output,
          stored: () => stored,
          ...(there && { there }),
          ...(pointer && { pointer }),
          ...(lastPut && { lastPut }),
        };
        const state = outputState(now, recorded);
        const known = [pointer, lastPut, recorded].some((each) => each && sameContent(there, each));
        const edited = there !== undefined && !known && (lastPut !== undefined || !stored);
        expect(state === 'edited').toBe(edited);
        expect(state === 'missing').toBe(there === undefined);
        const agree = there !== undefined && sameContent(there, recorded) && sameContent(pointer, recorded);
        expect(state === 'as-recorded').toBe(agree);
      }),
    );
  });
});
