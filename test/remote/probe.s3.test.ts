import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { faultyS3 } from '../rig/faulty-s3.js';
import type { HttpFault, SeenRequest } from '../rig/fault-proxy.js';
import type { RunResult } from '../rig/ocrpipe.js';
import { awsEnvironment, type Credentials } from '../rig/s3-server.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const s3 = faultyS3();
let workspace: TestWorkspace;

beforeEach(async () => {
  workspace = await newWorkspace();
});

/** As a server that does what it is asked by some requests without looking at what they say. */
const done: HttpFault = { status: 200, name: '' };

function add(credentials: Credentials, decide: (request: SeenRequest) => HttpFault): Promise<RunResult> {
  s3.proxy.faults(decide);
  const url = `s3://${s3.server.bucket}/${randomUUID()}`;
  return workspace.run(
    ['remote', 'add', 'store', url, '--endpoint', s3.proxy.endpoint],
    awsEnvironment(credentials),
  );
}

describe('what remote add says of a server', () => {
  it('is what it can do', async () => {
    const { exitCode, stdout } = await add(s3.server.users.writer, () => 'none');
    expect(exitCode).toBe(0);
    expect(stdout.match(/^ {2}yes /gm)).toHaveLength(3);
  });

  it('is also what follows where it overwrites what another made, or takes damaged uploads', async () => {
    let puts = 0;
    const { exitCode, stdout } = await add(s3.server.users.writer, ({ method }) =>
      method === 'PUT' && (puts += 1) > 1 ? done : 'none',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  NO   refuses to overwrite what another writer made: push from one machine');
    expect(stdout).toContain("  NO   refuses damaged uploads: 'ocrpipe push --verify'");
    expect(stdout).toContain('  yes  reads parts of objects');
  });

  it('is that it may be read alone, where this user may not write, and how to add it for that', async () => {
    const { exitCode, stderr } = await add(s3.server.users.reader, () => 'none');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/s3:\S+ can be read, but this user may not write there \[remote-denied\]/);
    expect(stderr).toContain('s3:PutObject');
    expect(stderr).toContain('--no-check');
    expect(workspace.read('.ocrstore/config.yaml')).not.toContain('s3://');
  });

  it('is the region that has to be named, where it is of another', async () => {
    const answers = [
      { status: 301, name: 'PermanentRedirect' },
      { status: 400, name: 'AuthorizationHeaderMalformed' },
    ];
    for (const answer of answers) {
      const { exitCode, stderr } = await add(s3.server.users.writer, () => answer);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('[bucket-elsewhere]');
      expect(stderr).toContain('--region REGION');
    }
  });
});
