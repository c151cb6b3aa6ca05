import { randomUUID } from 'node:crypto';
import type { RetryPolicy } from '../../src/remote/backends/attempts.js';
import type { Remote } from '../../src/remote/backends/remote.js';
import { RetryingRemote } from '../../src/remote/backends/retry.js';
import { S3Remote } from '../../src/remote/backends/s3/s3-remote.js';
import type { S3Server } from '../rig/s3-server.js';

/** As many attempts as people get, in less time. */
export const QUICK: RetryPolicy = { attempts: 6, firstDelayMs: 5, maxDelayMs: 40, random: () => 0 };

/** An empty place of a server. */
export interface Place {
  /** One more client of it, which reaches the server at another address if one is given. */
  open(endpoint?: string, policy?: RetryPolicy): Promise<Remote>;
}

export function newPlace({ bucket, endpoint: own }: S3Server): Place {
  const prefix = `tests/${randomUUID()}/`;
  return {
    open: async (endpoint = own, policy = QUICK) =>
      new RetryingRemote(await S3Remote.open({ bucket, prefix, endpoint }), policy),
  };
}
