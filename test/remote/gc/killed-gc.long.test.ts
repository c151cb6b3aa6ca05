import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomFrom, type Random } from '../../../src/base/random.js';
import { RetryingRemote } from '../../../src/remote/backends/retry.js';
import { S3Remote } from '../../../src/remote/backends/s3/s3-remote.js';
import { howToReplay, SEED } from '../../rig/drawn.js';
import { faultyS3 } from '../../rig/faulty-s3.js';
import { runOcrpipe } from '../../rig/ocrpipe.js';
import { awsEnvironment } from '../../rig/s3-server.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { QUICK } from '../s3-place.js';
import { killedAtWrite } from './killed-folder.js';
import { expectCollectedInTheEnd, GC, type KilledPlace } from './killed-gc.js';

const TIMEOUT_MS = 1_200_000;

describe('gc --remote on a folder, killed by SIGKILL at each of its writes', () => {
  it(
    'loses nothing that others rely on, and the next ones complete it',
    { timeout: TIMEOUT_MS },
    async () => {
      let write = 1;
      while ((await expectCollectedInTheEnd(killedAtWrite(write), `killed at write ${write}`)) > 0)
        write += 1;
      expect(write).toBeGreaterThan(30);
    },
  );
});

const s3 = faultyS3();

beforeAll(() => {
  stubEnvironment(awsEnvironment(s3.server.users.writer));
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** A collection makes about so many requests. */
const REQUESTS = 30;
const LARGEST_BYTES = 20_000;
const ROUNDS = 20;

function killedAtRequest(random: Random): KilledPlace {
  const prefix = randomUUID();
  const { bucket, endpoint } = s3.server;
  return {
    settings: { url: `s3://${bucket}/${prefix}`, endpoint: s3.proxy.endpoint },
    open: async () =>
      new RetryingRemote(await S3Remote.open({ bucket, prefix: `${prefix}/`, endpoint }), QUICK),
    killed: async (cwd) => {
      const request = 1 + random.below(REQUESTS);
      const onByte = random.uniform() < 0.5 ? 0 : random.below(LARGEST_BYTES);
      const kill = new AbortController();
      const call = (): void => {
        kill.abort();
      };
      s3.proxy.faults(({ number }) => (number === request ? { onByte, call } : 'none'));
      const { signal, exitCode, stdout, stderr } = await runOcrpipe(GC, { cwd, kill: kill.signal });
      s3.proxy.faults(() => 'none');
      if (signal !== 'SIGKILL' && exitCode !== 0) throw new Error(stdout + stderr);
      return signal === 'SIGKILL';
    },
  };
}

describe(`gc --remote on S3, killed by SIGKILL at random requests in ${ROUNDS} rounds`, () => {
  it(
    'loses nothing that others rely on, and the next ones complete it',
    { timeout: TIMEOUT_MS },
    async () => {
      const random = randomFrom(SEED);
      let deaths = 0;
      for (let round = 1; round <= ROUNDS; round += 1)
        deaths += await expectCollectedInTheEnd(killedAtRequest(random), `round ${round}; ${howToReplay()}`);
      expect(deaths, howToReplay()).toBeGreaterThan(ROUNDS);
    },
  );
});
