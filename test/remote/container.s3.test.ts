import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inMinutes, s3WithCredentials, standIn, type Answer } from '../rig/credential-services.js';
import { canIsolate, runIsolated } from '../rig/isolated.js';
import { OCRPIPE_SCRIPT, type RunResult } from '../rig/ocrpipe.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { newWorkspace } from '../rig/workspace.js';

const s3 = s3WithCredentials();

/** Where every task of ECS finds its credentials. */
const SERVICE = '169.254.170.2:80';
const ENDPOINT = '127.0.0.1:9000';

/** Adds a remote, as a program that runs where the service of the container has its own address. */
async function addInContainer(answer: (path: string) => Answer): Promise<RunResult> {
  const service = await standIn(({ url }) => answer(url.pathname));
  const { root, env } = await newWorkspace();
  const url = `s3://${s3.server.bucket}/${randomUUID()}`;
  const add = ['remote', 'add', 'store', url, '--endpoint', `http://${ENDPOINT}`];
  return runIsolated(
    [process.execPath, OCRPIPE_SCRIPT, ...add],
    { [SERVICE]: service, [ENDPOINT]: s3.proxy.endpoint },
    {
      cwd: root,
      env: { ...env, ...awsEnvironment(), AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/task/role' },
    },
  );
}

describe.skipIf(!canIsolate())(
  'a task of ECS (needs unshare, ip and the right to a network of its own)',
  () => {
    it('reads and writes with the credentials that its service gives', async () => {
      const asked: string[] = [];
      const { exitCode, stdout } = await addInContainer((path) => {
        asked.push(path);
        const { accessKeyId, secretAccessKey, sessionToken } = s3.given;
        return {
          ...{ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey },
          ...{ Token: sessionToken, Expiration: inMinutes(60) },
        };
      });
      expect([exitCode, asked]).toEqual([0, ['/task/role']]);
      expect(stdout.match(/^ {2}yes /gm)).toHaveLength(3);
      expect(s3.proxy.seen.map(({ headers }) => headers['x-amz-security-token'])).toEqual(
        s3.proxy.seen.map(() => s3.given.sessionToken),
      );
    });

    it('is told what to check where it has no role', async () => {
      const { exitCode, stderr } = await addInContainer(() => undefined);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('the service of the container gives no credentials');
      expect(stderr).toContain('[credentials-missing]');
      expect(stderr).toContain('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
      expect(s3.proxy.seen).toEqual([]);
    });
  },
);
