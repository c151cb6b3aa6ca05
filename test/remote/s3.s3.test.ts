import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { S3Remote } from '../../src/remote/s3/s3-remote.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { remoteConformance } from './conformance.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  Object.assign(process.env, awsEnvironment(server.users.writer));
});

afterAll(async () => {
  await server.stop();
});

remoteConformance('S3', () => {
  const { bucket, endpoint } = server;
  const prefix = `tests/${randomUUID()}/`;
  return Promise.resolve(() => S3Remote.open({ bucket, prefix, endpoint }));
});
