import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import type { Snapshot } from '../../src/tracking/workspace-files.js';
import { listing } from './listing.js';
import { TrackedFolder } from './tracked-folder.js';
import fc, { runs, RUNS } from '../rig/fast-check.js';

const data = 'data' as RepoPath;
const name = fc.constantFrom('a', 'b', 'sub/a', 'sub/b', 'sub/deep/c', 'other/x');
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name,
      text: fc.constantFrom('', '1', '2', '33'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mkdir' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('chmod' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('checkout' as const), version: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('force' as const), version: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A workspace beside what it must hold: every version that was ever added, as a listing. */
class Model {
  readonly folder = new TrackedFolder();
  readonly versions: { snapshot: Snapshot; holds: string[] }[] = [];
  /** Every file content that was ever stored. */
  readonly stored = new Set<string>();

  constructor() {
    mkdirSync(this.folder.path('data'));
  }

  now(): string[] {
    return listing(this.folder.path('data'));
  }

  async apply(action: Step): Promise<void> {
    switch (action.do) {
      case 'write':
        this.edit(() => {
          this.folder.write(`data/${action.name}`, action.text);
        });
        break;
      case 'remove':
        this.edit(() => {
          this.folder.remove(`data/${action.name}`);
        });
        break;
      case 'mkdir':
        this.edit(() => {
          mkdirSync(this.folder.path(`data/${action.name}`), { recursive: true });
        });
        break;
      case 'chmod':
        this.edit(() => {
          chmodSync(this.folder.path(`data/${action.name}`), 0o755);
        });
        break;
      case 'add':
        return this.add();
      case 'checkout':
        return this.checkout(action.version, false);
      case 'force':
        return this.checkout(action.version, true);
      case 'forget':
        this.folder.remove('.ocrstore/index');
    }
  }

  /** Edits that the file system refuses (a folder in the way) are no edits. */
  private edit(change: () => void): void {
    try {
      change();
    } catch {
      // What is there is compared anyway.
    }
  }

  private async add(): Promise<void> {
    const holds = this.now();
    const snapshot = await this.folder.add('data');
    expect(await this.folder.state('data')).toBe('clean');
    for (const known of this.versions) {
      expect(known.snapshot.id === snapshot.id).toBe(known.holds.join('\n') === holds.join('\n'));
    }
    for (const entry of holds) this.stored.add(contentOf(entry));
    this.versions.push({ snapshot, holds });
  }

  private async checkout(index: number, force: boolean): Promise<void> {
    const version = this.versions.at(index - this.versions.length);
    if (version === undefined) return;
    const before = this.now();
    const wouldLose = before.some(
      (entry) => !this.stored.has(contentOf(entry)) && !version.holds.includes(entry),
    );
    try {
      await this.folder.files().checkout(data, version.snapshot, { force });
      expect(force || !wouldLose).toBe(true);
      expect(this.now()).toEqual(version.holds);
    } catch (error) {
      expect(error).toMatchObject({ code: 'would-lose-bytes' });
      expect(!force && wouldLose).toBe(true);
      expect(this.now()).toEqual(before);
    }
  }
}

/** The hash at the end of an entry of a file; a folder holds nothing that could be lost. */
function contentOf(entry: string): string {
  return entry.endsWith('/') ? '' : entry.slice(-64);
}

describe('a workspace and its model', () => {
  test('agree after any edits, adds and checkouts', { timeout: 240_000 * RUNS }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const model = new Model();
        model.stored.add('');
        for (const action of steps) await model.apply(action);
      }),
      { numRuns: runs(60) },
    );
  });
});
