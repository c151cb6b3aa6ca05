import { cpSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { gitCommitAll } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { workspaceCommands } from './workspace-commands.js';
import { expectSound, Model, Real, type Files } from './workspace-model.js';

/** Runs `numRuns` random sequences of at most `maxCommands` steps against the model. */
export function modelAgrees(numRuns: number, maxCommands: number): void {
  describe('a workspace, its store and its history', () => {
    test(
      'agree with a model after anything that people, commands and crashes do',
      { timeout: 3_600_000 },
      async () => {
        const begun = new Real();
        await begun.addRemote();
        const tracked = new Real(temporaryFolder());
        cpSync(begun.base, tracked.base, { recursive: true });
        const first: Files = new Map([
          ['a', '1'],
          ['d/a', '22'],
        ]);
        for (const [name, text] of first) tracked.a.write(`data/${name}`, text);
        await tracked.a.add('data');
        gitCommitAll(tracked.a.root, 'first');
        await fc.assert(
          fc.asyncProperty(
            fc.boolean(),
            fc.commands(workspaceCommands, { maxCommands, size: 'max' }),
            async (fromTracked, commands) => {
              const real = new Real(temporaryFolder());
              cpSync(fromTracked ? tracked.base : begun.base, real.base, { recursive: true });
              const model = fromTracked ? trackedModel(first) : new Model();
              await fc.asyncModelRun(() => ({ model, real }), commands);
              await expectSound(real);
              rmSync(real.base, { recursive: true });
            },
          ),
          { numRuns },
        );
      },
    );
  });
}

/** What was added and committed. */
function trackedModel(files: Files): Model {
  const model = new Model();
  model.files = files;
  model.store();
  model.branches.set('main', files);
  return model;
}
