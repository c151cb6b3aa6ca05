import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { BytePath } from '../../../src/tracking/byte-path.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { BlockReader } from '../../../src/tracking/scan/stat-index-format.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const folders = ['', 'a', 'a/b'] as BytePath[];
const step = fc.record({
  folder: fc.constantFrom(...folders),
  name: fc.constantFrom('1', '2', '10', '\xff', 'x y'),
  version: fc.option(fc.nat(3), { nil: undefined }),
  /** Looks at the folder as a whole, or lets it be written and read again, in between. */
  between: fc.constantFrom('nothing', 'whole', 'saved'),
});

const statOf = (version: number) => ({
  size: version,
  mtimeMs: version,
  ctimeMs: version,
  ino: 1,
  mode: 0o644,
});

test('files that are remembered one by one are those that the folder has, before and after it was written', () => {
  const home = temporaryFolder();
  let run = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const file = join(home, String((run += 1)));
      const model = new Map<string, number>();
      let index = new StatIndex(file);
      for (const { folder, name, version, between } of steps) {
        const entry =
          version === undefined ? undefined : { stat: statOf(version), id: contentIdOf(String(version)) };
        index.replaceFile(folder, name, entry);
        if (version === undefined) model.delete(`${folder}\0${name}`);
        else model.set(`${folder}\0${name}`, version);
        const alone = new BlockReader(index.file(folder, name));
        expect(alone.next() ? alone.size : undefined).toBe(version);
        if (between === 'whole') index.folder(folder);
        if (between === 'saved') {
          index.save();
          index = new StatIndex(file);
        }
      }
      const found = folders.flatMap((folder) => {
        const names: [string, number][] = [];
        for (const reader = new BlockReader(index.folder(folder)); reader.next();)
          names.push([`${folder}\0${reader.name}`, reader.size]);
        expect(names.map(([name]) => name)).toEqual(names.map(([name]) => name).sort());
        expect(index.folder(folder).count).toBe(names.length);
        return names;
      });
      expect(new Map(found)).toEqual(model);
    }),
    { numRuns: runs(60) },
  );
});
