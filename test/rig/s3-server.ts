import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Server {
  endpoint: string;
  bucket: string;
  /** Process id of the server itself, for tests that stop it. */
  pid: number;
  users: { writer: Credentials; reader: Credentials };
  stop: () => Promise<void>;
}

/** Starts a SeaweedFS of its own with an empty bucket; installs it first if need be. It ends with this process at the latest. */
export async function startS3Server(): Promise<S3Server> {
  const script = fileURLToPath(new URL('../../scripts/s3-server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, 'start'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
  if (line === undefined) throw new Error('the S3 server did not start');
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
  return { ...(JSON.parse(line) as Omit<S3Server, 'stop'>), stop };
}

/** The environment in which the AWS default chain finds exactly these credentials, and nothing of this machine's. */
export function awsEnvironment(credentials?: Credentials): Record<string, string> {
  return {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
    ...(credentials && {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }),
  };
}
