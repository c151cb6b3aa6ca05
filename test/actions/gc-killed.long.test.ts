import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';
import { killedAt } from '../rig/action-process.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { expectAll, expectFinished, prepared } from './gc-crash.js';
import { GcFolder } from './gc-folder.js';

const SCOPE = { workspace: true, unpushed: true, projects: [], forgetWorkspaces: [], allowMissing: false };

describe('gc that is killed by the system', { timeout: 900_000 }, () => {
  test.each([false, true])(
    'loses nothing at any of its writes, and the next one finishes the work (--now: %s)',
    async (now) => {
      const { folder, wanted } = await prepared();
      const copies = temporaryFolder();
      const action = ['gc', { ...SCOPE, now, dryRun: false }] as const;
      const copyTo = (name: string): GcFolder => {
        const copy = new GcFolder(join(copies, name) as AbsPath);
        cpSync(folder.root, copy.root, { recursive: true, preserveTimestamps: true });
        return copy;
      };
      const whole = copyTo('whole');
      expect(await killedAt(whole.root, 0, action)).toBe(false);
      let write = 1;
      for (; ; write += 1) {
        const killed = copyTo(String(write));
        const died = await killedAt(killed.root, write, action);
        // One in two is read as it was left, the other is collected first.
        if (write % 2 === 0) expect(await killedAt(killed.root, 0, action)).toBe(false);
        if (!died || write % 2 === 0) await expectFinished(killed, whole, now);
        await expectAll(killed, wanted);
        rmSync(killed.root, { recursive: true });
        if (!died) break;
      }
      expect(write).toBeGreaterThan(20);
    },
  );
});
