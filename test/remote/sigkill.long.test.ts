import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { killedAt, runAction } from '../rig/action-process.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { killedAtRandom } from './sigkill.js';

const s3 = faultyS3();

beforeAll(() => {
  stubEnvironment(awsEnvironment(s3.server.users.writer));
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** A push or a pull of this data makes so many requests. */
const REQUESTS = 9;
const LARGEST_BYTES = 1_100_000;
const WRITES = 40;

killedAtRandom('S3', 25, {
  place: () => ({ url: `s3://${s3.server.bucket}/${randomUUID()}`, endpoint: s3.proxy.endpoint }),
  killed: async (folder, action, random) => {
    const request = 1 + random.below(REQUESTS);
    const onByte = random.uniform() < 0.5 ? 0 : random.below(LARGEST_BYTES);
    const kill = new AbortController();
    const call = (): void => {
      kill.abort();
    };
    s3.proxy.faults(({ number }) => (number === request ? { onByte, call } : 'none'));
    const { signal, exitCode, stderr } = await runAction(folder, action, { kill: kill.signal });
    s3.proxy.faults(() => 'none');
    if (signal !== 'SIGKILL' && exitCode !== 0) throw new Error(`${action[0]} failed: ${stderr}`);
    return signal === 'SIGKILL';
  },
});

killedAtRandom('a folder', 25, {
  place: () => ({ url: join(temporaryFolder(), 'remote') }),
  killed: (folder, action, random) => killedAt(folder, 1 + random.below(WRITES), action),
});
