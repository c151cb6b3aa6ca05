import { startServer } from './server-process.js';

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
  /** ARN of a role that the writer may take: its temporary credentials write, too. */
  role: string;
  stop: () => Promise<void>;
}

/**
 * Starts a SeaweedFS of its own with an empty bucket; installs it first if need be. It ends with this process at the latest. In a
 * `folder` its data outlives it: started there again, it has its bucket and its address again.
 */
export async function startS3Server(folder?: string): Promise<S3Server> {
  const more = folder === undefined ? [] : [folder];
  const { description, stop } = await startServer<Omit<S3Server, 'stop'>>('s3-server.mjs', ...more);
  if (description === undefined) throw new Error('the S3 server did not start');
  return { ...description, stop };
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
