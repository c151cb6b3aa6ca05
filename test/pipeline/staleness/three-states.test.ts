import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OcrpipeError } from '../../../src/base/errors.js';
import type { RepoPath } from '../../../src/base/paths.js';
import type { Snapshot } from '../../../src/tracking/workspace-files.js';
import { fileListing } from '../../rig/file-listing.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

/**
 * What repro does with a tracked dependency, for every combination of what its pointer says, what ocrpipe last put there on this
 * machine, and what is there now. `-` is nothing; equal letters are equal bytes; letters are given out in the order pointer, last
 * put, there. The store has all of them, except an `x`, which stands for bytes that only the workspace has.
 */
interface Row {
  /** What `PathStatus` calls it. */
  readonly state: string;
  /** What the stage reads, what the pointer names and what is there afterwards; or the code of the refusal, and then nothing changed. */
  readonly then: { reads: string; pointer: string } | string;
  /** What is said: the code of a note. */
  readonly note?: 'data-put-in-place' | 'data-stored';
}

const TAKEN = 'data-stored';
const PUT = 'data-put-in-place';

const ROWS: Record<string, Row> = {
  // No pointer: git's file, or nobody's. It is read as it is, and nothing is tracked by itself.
  '---': { state: 'untracked', then: 'missing-dependency' },
  '--a': { state: 'untracked', then: { reads: 'a', pointer: '-' } },
  '--x': { state: 'untracked', then: { reads: 'x', pointer: '-' } },
  '-a-': { state: 'untracked', then: 'missing-dependency' },
  '-aa': { state: 'untracked', then: { reads: 'a', pointer: '-' } },
  '-ab': { state: 'untracked', then: { reads: 'b', pointer: '-' } },
  '-ax': { state: 'untracked', then: { reads: 'x', pointer: '-' } },
  // Nothing is remembered: a new clone, or an index that was deleted.
  'a--': { state: 'missing', then: { reads: 'a', pointer: 'a' }, note: PUT },
  'a-a': { state: 'clean', then: { reads: 'a', pointer: 'a' } },
  // Bytes that the store has are another version, as after git checkout; others can only be an edit.
  'a-b': { state: 'pointer-moved', then: { reads: 'a', pointer: 'a' }, note: PUT },
  'a-x': { state: 'modified', then: { reads: 'x', pointer: 'x' }, note: TAKEN },
  // The pointer is what was last put there.
  'aa-': { state: 'missing', then: { reads: 'a', pointer: 'a' }, note: PUT },
  aaa: { state: 'clean', then: { reads: 'a', pointer: 'a' } },
  aab: { state: 'modified', then: { reads: 'b', pointer: 'b' }, note: TAKEN },
  aax: { state: 'modified', then: { reads: 'x', pointer: 'x' }, note: TAKEN },
  // The pointer moved.
  'ab-': { state: 'missing', then: { reads: 'a', pointer: 'a' }, note: PUT },
  aba: { state: 'clean', then: { reads: 'a', pointer: 'a' } },
  abb: { state: 'pointer-moved', then: { reads: 'a', pointer: 'a' }, note: PUT },
  // Both changed: neither is taken unasked.
  abc: { state: 'conflict', then: 'changed-on-both-sides' },
  abx: { state: 'conflict', then: 'changed-on-both-sides' },
};

/** Every combination: nothing, what stood before, or the next letter; and `x` where what is there is nowhere else. */
function combinations(before = ''): string[] {
  if (before.length === 3) return [before];
  const letters = [...new Set(before.replaceAll('-', ''))].sort();
  const next = 'abc'[letters.length]!;
  const own = before.length === 2 ? [`${before}x`] : [];
  return [...['-', ...letters, next].flatMap((letter) => combinations(before + letter)), ...own];
}

let workspace: PipelineWorkspace;
beforeAll(async () => {
  workspace = await newPipeline('stages: {}', afterAll);
});

/** A file or folder that holds something of its own for each letter, and something that all have. */
function write(path: string, letter: string, kind: 'file' | 'directory'): void {
  workspace.remove(path);
  if (letter === '-') return;
  const text = `${path} ${letter}\n`;
  if (kind === 'file') {
    workspace.write(path, text);
    return;
  }
  workspace.write(`${path}/of`, text);
  workspace.write(`${path}/same`, 'same\n');
  workspace.write(`${path}/only-${letter}/deep`, letter);
}

/** Makes pointer, memory and workspace what a combination says; returns how the contents are called. */
async function arrange(path: RepoPath, combination: string, kind: 'file' | 'directory') {
  const [pointer, lastPut, there] = combination.split('') as [string, string, string];
  const { files } = workspace.host();
  const known = new Map<string, Snapshot>();
  for (const letter of ['a', 'b', 'c', 'x']) {
    write(path, letter, kind);
    const snapshot = await (letter === 'x' ? files.snapshot(path) : files.store(path));
    known.set(letter, snapshot!);
  }
  const pointTo = (letter: string): Promise<void> => files.writePointer(path, known.get(letter)!);
  if (pointer !== '-') await pointTo(pointer);
  const text = pointer === '-' ? undefined : workspace.read(`${path}.ocr`);
  if (lastPut === '-') workspace.remove('.ocrstore/index');
  else await pointTo(lastPut);
  workspace.remove(`${path}.ocr`);
  if (text !== undefined) workspace.write(`${path}.ocr`, text);
  write(path, there, kind);
  return { nameOf: (id: string | undefined) => [...known].find(([, each]) => each.id === id)?.[0] ?? '-' };
}

describe('the table of pointer, last put and there now', () => {
  it('has every combination', () => {
    expect(Object.keys(ROWS).sort()).toEqual(combinations().sort());
    expect(combinations()).toHaveLength(15 + 5);
  });
});

describe.each(['file', 'directory'] as const)('before repro reads a tracked %s', (kind) => {
  it.each(Object.entries(ROWS))('%s', async (combination, { state, then, note }) => {
    const path = `data/${kind}-${combination.replaceAll('-', '_')}` as RepoPath;
    const { nameOf } = await arrange(path, combination, kind);
    const seen = `seen/${combination.replaceAll('-', '_')}-${kind}`;
    const read = kind === 'file' ? path : `${path}/of`;
    const stage = { run: `cat ${read} > ${seen}`, deps: [path], outs: [{ path: seen, cache: false }] };
    workspace.write('pipeline.yaml', JSON.stringify({ stages: { reader: stage } }));
    expect((await workspace.host().files.state(path)).state).toBe(state);
    const before = fileListing(workspace.root);
    const dry = await failureOf(workspace.repro({ dryRun: true }));
    expect(fileListing(workspace.root)).toEqual(before);

    workspace.events.length = 0;
    const failure = await failureOf(workspace.repro());
    expect(failure?.code).toBe(dry?.code);
    const notes = workspace.events.flatMap((event) => (event.type === 'note' ? [event] : []));
    const told = notes.filter(({ code }) => code === TAKEN || code === PUT);
    expect(told.map(({ code }) => code)).toEqual(note === undefined ? [] : [note]);
    for (const { message } of told) expect(message).toMatch(new RegExp(`^${path}: .*${WORDS[note!]}`));

    if (typeof then === 'string') {
      expect(failure).toMatchObject({ code: then });
      for (const way of WAYS_OUT[then]!) expect(failure?.hint).toContain(way.replaceAll('PATH', path));
      expect(fileListing(workspace.root)).toEqual(before);
      return;
    }
    expect(failure).toBeUndefined();
    expect(workspace.read(seen)).toBe(`${path} ${then.reads}\n`);
    const { files } = workspace.host();
    expect(nameOf(files.pointer(path)?.id)).toBe(then.pointer);
    expect(nameOf((await files.snapshot(path))?.id)).toBe(then.reads);
    if (then.pointer !== '-') expect(files.inStore(files.pointer(path)!)).toBe(true);
    expect((await workspace.actions()).actions).toEqual({ reader: 'fresh' });
  });
});

const WORDS = {
  [PUT]: 'put there what its pointer names',
  [TAKEN]: 'edited since it was added; stored it and updated .*\\.ocr',
} as const;

/** What the hint of a refusal must offer. */
const WAYS_OUT: Record<string, readonly string[]> = {
  'missing-dependency': ['correct the path, or put the file there'],
  'changed-on-both-sides': ["'ocrpipe commit PATH'", "'ocrpipe checkout --force PATH'"],
};

/** What repro, or its stage, failed with. */
async function failureOf(
  repro: ReturnType<PipelineWorkspace['repro']>,
): Promise<{ code: string; hint?: string | undefined } | undefined> {
  try {
    return (await repro).stages[0]?.error;
  } catch (error) {
    if (error instanceof OcrpipeError) return error;
    throw error;
  }
}
