import { cpSync, rmSync } from 'node:fs';
import { describe, test } from 'vitest';
import fc from '../rig/fast-check.js';
import { git } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { workspaceCommands } from './workspace-commands.js';
import { expectSound } from './expect-sound.js';
import { expectStates, Real } from './real-workspace.js';
import { Model, type Files } from './workspace-model.js';

const FIRST: Files = new Map([
  ['a', '1'],
  ['b', '1'],
  ['d/a', '22'],
]);
const SECOND: Files = new Map([
  ['a', '22'],
  ['b', '333'],
  ['d/a', '22'],
  ['d/e/c', '1'],
]);

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
        await commitVersion(tracked, FIRST);
        git(tracked.a.root, 'checkout', '-q', '-b', 'one');
        await commitVersion(tracked, SECOND);
        git(tracked.a.root, 'checkout', '-q', 'main');
        await tracked.a.checkout();
        await fc.assert(
          fc.asyncProperty(
            fc.boolean(),
            fc.commands(workspaceCommands, { maxCommands, size: 'max' }),
            async (fromTracked, commands) => {
              const real = new Real(temporaryFolder());
              cpSync(fromTracked ? tracked.base : begun.base, real.base, { recursive: true });
              const model = fromTracked ? trackedModel() : new Model();
              await fc.asyncModelRun(() => ({ model, real }), commands);
              await expectStates(model, real);
              await expectSound(real.a);
              rmSync(real.base, { recursive: true });
            },
          ),
          { numRuns },
        );
      },
    );
  });
}

async function commitVersion(real: Real, files: Files): Promise<void> {
  for (const [name, text] of files) real.a.write(`data/${name}`, text);
  await real.a.add('data');
  real.commit();
}

/** One version on each of two branches, the first one in place. */
function trackedModel(): Model {
  const model = new Model();
  for (const [branch, files] of [
    ['one', SECOND],
    ['main', FIRST],
  ] as const) {
    model.set('data', { files });
    model.store('data');
    model.branch = branch;
    model.commit();
  }
  return model;
}
