import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { S3Remote } from '../../src/remote/s3/s3-remote.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import type { Remote } from '../../src/remote/remote.js';
import { remoteConformance } from './conformance.js';
import { roundTrips } from './round-trip.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  Object.assign(process.env, awsEnvironment(server.users.writer));
});

afterAll(async () => {
  await server.stop();
});

const openPlace = (): Promise<() => Promise<Remote>> => {
  const { bucket, endpoint } = server;
  const prefix = `tests/${randomUUID()}/`;
  return Promise.resolve(() => S3Remote.open({ bucket, prefix, endpoint }));
};

remoteConformance('S3', openPlace);
roundTrips('S3', openPlace);
