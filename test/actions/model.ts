import { cpSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { workspaceCommands } from './workspace-commands.js';
import { expectSound, Model, Real } from './workspace-model.js';

/** Runs `numRuns` random sequences of at most `maxCommands` steps against the model. */
export function modelAgrees(numRuns: number, maxCommands: number): void {
  describe('a workspace, its store and its history', () => {
    test(
      'agree with a model after anything that people, commands and crashes do',
      { timeout: 3_600_000 },
      async () => {
        const begun = new Real();
        await begun.addRemote();
        await fc.assert(
          fc.asyncProperty(fc.commands(workspaceCommands, { maxCommands, size: 'max' }), async (commands) => {
            const real = new Real(temporaryFolder());
            cpSync(begun.base, real.base, { recursive: true });
            await fc.asyncModelRun(() => ({ model: new Model(), real }), commands);
            await expectSound(real);
            rmSync(real.base, { recursive: true });
          }),
          { numRuns },
        );
      },
    );
  });
}
