import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { howToReplay, SEED } from '../../rig/drawn.js';
import { killedAtWrite } from './killed-folder.js';
import { expectCollectedInTheEnd } from './killed-gc.js';

/** Rather fewer than the command has. */
const WRITES = 30;

describe('gc --remote on a folder, killed by SIGKILL at one of its writes', () => {
  it('loses nothing that others rely on, and the next ones complete it', async () => {
    const write = 1 + randomFrom(SEED).below(WRITES);
    const told = `killed at write ${write}; ${howToReplay()}`;
    expect(await expectCollectedInTheEnd(killedAtWrite(write), told), told).toBeGreaterThan(0);
  });
});
