import type { JsonValue } from '../../base/canonical-json.js';

/** A run of words that both texts have, or only one. */
export interface WordChange {
  readonly change: 'same' | 'removed' | 'added';
  readonly words: string;
}

/** Commands are short; longer texts are shown whole, old against new. */
const MAX_WORDS = 2_000;

/** Which words of a command changed: a longest common subsequence of the words of both. */
export function wordChanges(old: JsonValue | undefined, now: JsonValue | undefined): WordChange[] {
  const [before, after] = [wordsOf(old), wordsOf(now)];
  if (before.length > MAX_WORDS || after.length > MAX_WORDS) {
    return [
      { change: 'removed', words: before.join(' ') },
      { change: 'added', words: after.join(' ') },
    ];
  }
  return joined(walk(before, after, commonLengths(before, after)));
}

function wordsOf(text: JsonValue | undefined): string[] {
  return typeof text === 'string' ? text.split(/\s+/).filter((word) => word !== '') : [];
}

/** `lengths[i][j]`: the longest common subsequence of `before` from i and `after` from j. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] =
        before[i] === after[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

function walk(
  before: readonly string[],
  after: readonly string[],
  lengths: readonly Uint16Array[],
): WordChange[] {
  const changes: WordChange[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && before[i] === after[j]) {
      changes.push({ change: 'same', words: before[i]! });
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      changes.push({ change: 'removed', words: before[i]! });
      i += 1;
    } else {
      changes.push({ change: 'added', words: after[j]! });
      j += 1;
    }
  }
  return changes;
}

function joined(changes: readonly WordChange[]): WordChange[] {
  const runs: WordChange[] = [];
  for (const each of changes) {
    const last = runs.at(-1);
    if (last?.change === each.change) {
      runs[runs.length - 1] = { change: each.change, words: `${last.words} ${each.words}` };
    } else runs.push(each);
  }
  return runs;
}
