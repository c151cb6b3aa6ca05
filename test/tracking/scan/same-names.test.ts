import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import type { FileTimes } from '../../../src/tracking/scan/file-times.js';
import { hashingSink } from '../../../src/tracking/scan/sinks.js';
import { scanPath } from '../../../src/tracking/scan/snapshot.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { noLinks } from './no-links.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const data = 'data' as RepoPath;
const POINTER = `version: 1\nid: ${contentIdOf('')}\nkind: file\n`;
const FIRST_TIME = 1_000_000;

/** Only the times that the test gives out are seen, each once: what is young enough to be doubted is tested elsewhere. */
const givenTimes: FileTimes = {
  view: (stat) =>
    Object.assign(Object.create(Object.getPrototypeOf(stat) as object) as Stats, stat, { ctimeMs: 0 }),
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

const name = fc.constantFrom(
  'a',
  'b',
  'z.ocr',
  'sub/a',
  'sub/b',
  'sub/deep/c',
  'sub/deep/y.ocr',
  '.ocrignore',
  'sub/.ocrignore',
);
const step = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    name,
    text: fc.constantFrom('1', '2', 'b\n', 'deep/\n', POINTER),
  }),
  fc.record({ do: fc.constant('remove' as const), name: fc.oneof(name, fc.constantFrom('sub', 'sub/deep')) }),
  fc.record({ do: fc.constant('rename' as const), name, to: name }),
  fc.record({ do: fc.constant('link' as const), name }),
  fc.record({ do: fc.constant('mkdir' as const), name }),
  fc.record({ do: fc.constant('scan' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A folder whose every change shows in a time of its own. */
class Folder {
  readonly root = temporaryFolder();
  #time = FIRST_TIME;

  constructor() {
    mkdirSync(join(this.root, '.ocrstore'));
    mkdirSync(join(this.root, 'data'));
    this.#giveTimes('data');
  }

  apply(action: Exclude<Step, { do: 'scan' }>): void {
    const path = join(this.root, 'data', action.name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (action.do === 'write') writeFileSync(path, action.text);
      else if (action.do === 'remove') rmSync(path, { recursive: true, force: true });
      else if (action.do === 'rename') renameSync(path, join(this.root, 'data', action.to));
      else if (action.do === 'link') symlinkSync('a', path);
      else mkdirSync(path, { recursive: true });
    } catch {
      // What the file system refuses is no change.
    }
    this.#giveTimes('data');
  }

  async scan(index: string, nodes: string[] = [], times = givenTimes): Promise<unknown> {
    const known = index === 'kept';
    const sink = hashingSink({ node: (node) => (nodes.push(''), contentIdOf(node)), knows: () => known });
    const context = {
      root: this.root,
      index: new StatIndex(join(this.root, '.ocrstore', known ? 'stat' : `none-${this.#time}`)),
      times,
      storeLinks: noLinks(this.root),
    };
    return scanPath(context, data, sink);
  }

  /** Whatever the file system gave a time of today is new, or changed. */
  #giveTimes(below: string): void {
    const path = join(this.root, below);
    if (lstatSync(path).isDirectory())
      for (const each of readdirSync(path)) this.#giveTimes(join(below, each));
    if (lstatSync(path).mtimeMs < 1e12) return;
    this.#time += 10;
    lutimesSync(path, this.#time, this.#time);
  }
}

describe('a folder that is scanned again', () => {
  test('gives what a first scan would give, after any changes', async () => {
    const law = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = new Folder();
      for (const action of [...steps, { do: 'scan' } as const]) {
        if (action.do !== 'scan') folder.apply(action);
        else expect(await folder.scan('kept')).toEqual(await folder.scan('none'));
      }
    });
    await fc.assert(law, { numRuns: runs(150) });
  });

  test.each([
    ['rules that change bring back what they left out', '.ocrignore', 'b\n', '1'],
    ['rules that change leave out what was there', '.ocrignore', '1', 'b\n'],
    ['a file that becomes a pointer is no data any more', 'z.ocr', '1', POINTER],
    ['a pointer that becomes a file is data', 'z.ocr', POINTER, '1'],
  ] as const)('%s', async (_title, changed, before, after) => {
    const folder = new Folder();
    folder.apply({ do: 'write', name: 'b', text: '1' });
    for (const text of [before, after]) {
      folder.apply({ do: 'write', name: changed, text });
      expect(await folder.scan('kept')).toEqual(await folder.scan('none'));
    }
  });

  test('reads the names of folders whose times do not show them', async () => {
    const folder = new Folder();
    folder.apply({ do: 'write', name: 'a', text: '1' });
    const unsure = { ...givenTimes, showsNames: () => false };
    const nodes: string[] = [];
    for (const count of [1, 2]) {
      await folder.scan('kept', nodes, unsure);
      expect(nodes).toHaveLength(count);
    }
  });

  test('hands over no node where nothing changed, and those of the changed folder and the ones above it otherwise', async () => {
    const folder = new Folder();
    for (const each of ['a', 'sub/a', 'sub/deep/c', 'other/x'])
      folder.apply({ do: 'write', name: each as 'a', text: '1' });
    const nodes: string[] = [];
    await folder.scan('kept', nodes);
    expect(nodes).toHaveLength(4);
    await folder.scan('kept', nodes);
    expect(nodes).toHaveLength(4);
    folder.apply({ do: 'write', name: 'sub/a', text: '2' });
    await folder.scan('kept', nodes);
    expect(nodes).toHaveLength(6);
    await folder.scan('kept', nodes);
    expect(nodes).toHaveLength(6);
  });
});
