import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsckRemote } from '../../src/actions/fsck-remote.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { randomFrom, type Random } from '../../src/base/random.js';
import type { RemoteSettings } from '../../src/config/settings.js';
import { expectSound } from '../actions/expect-sound.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import type { ActionInput } from '../rig/action-process.js';
import { howToReplay, SEED } from '../rig/drawn.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';

/** For a machine that has much else to do: each round starts two processes. */
const TIMEOUT_MS_PER_ROUND = 60_000;
const TRANSFER = { targets: [], jobs: 2, remote: 'here' };
const PUSH: ActionInput = ['push', { ...TRANSFER, verify: false }];
const PULL: ActionInput = ['pull', { ...TRANSFER, force: false }];

/** A kind of remote, and how a process that uses it is killed. */
export interface Killing {
  /** An empty place of a remote. */
  place(): RemoteSettings;
  /** Runs the action in a process that dies by SIGKILL at a random point of it; false if it came to its end before. */
  killed(folder: string, action: ActionInput, random: Random): Promise<boolean>;
}

/**
 * Each round: a push that dies at a random point and is run again, then a pull of the same kind. What is there then must be
 * complete and clean: the files, the store, and the remote.
 */
export function killedAtRandom(name: string, rounds: number, killing: Killing): void {
  describe(`push and pull over ${name}, killed at random points ${2 * rounds} times`, () => {
    const timeout = (rounds + 1) * TIMEOUT_MS_PER_ROUND;
    it('are completed by the next run, and leave nothing damaged', { timeout }, async () => {
      const random = randomFrom(SEED);
      const a = await stocked();
      let deaths = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const told = `round ${round}; ${howToReplay()}`;
        const b = await withRemote(a, killing.place());
        deaths += Number(await killing.killed(a.root, PUSH, random));
        await push({ ...TRANSFER, verify: false }, a.call);
        expect(await push({ ...TRANSFER, verify: false }, a.call), told).toMatchObject({ objects: 0 });
        expect(await fsckRemote({ repair: false }, a.call), told).toMatchObject({ damaged: [], missing: [] });
        deaths += Number(await killing.killed(b.root, PULL, random));
        await pull({ ...TRANSFER, force: false }, b.call);
        expect(listing(b.path('data')), told).toEqual(listing(a.path('data')));
        expect(await b.state('data'), told).toBe('clean');
        await expectSound(b);
        expect(downloads(b), told).toEqual([]);
        rmSync(b.root, { recursive: true });
      }
      expect(deaths, howToReplay()).toBeGreaterThan(rounds);
    });
  });
}

async function stocked(): Promise<WorkspaceFolder> {
  const a = new WorkspaceFolder(temporaryFolder());
  a.init();
  for (let index = 0; index < 60; index += 1) a.write(`data/${index % 3}/${index}`, randomBytes(2000));
  for (const name of ['x', 'y', 'z']) a.write(`data/large-${name}`, randomBytes(1_100_000));
  await a.add('data');
  return a;
}

/** Gives `a` this remote instead of the one before; returns a workspace that has the pointers and the remote only. */
async function withRemote(a: WorkspaceFolder, settings: RemoteSettings): Promise<WorkspaceFolder> {
  a.remove('.ocrstore/config.yaml');
  a.init();
  await remoteAdd({ name: 'here', settings, makeDefault: true, check: true }, a.call);
  const b = new WorkspaceFolder(temporaryFolder());
  b.init();
  for (const name of ['data.ocr', '.ocrstore/config.yaml']) cpSync(a.path(name), b.path(name));
  return b;
}

/** What a download left that was not taken up. */
function downloads(workspace: WorkspaceFolder): string[] {
  const tmp = join(workspace.root, '.ocrstore', 'tmp');
  return existsSync(tmp) ? readdirSync(tmp).filter((name) => name.startsWith('fetch-')) : [];
}
