import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';
import { startS3Server, type S3Server } from './s3-server.js';

/** An S3 server, and a proxy before it that is faultless as each test begins. */
export interface FaultyS3 {
  server: S3Server;
  proxy: FaultProxy;
}

/** Both, for all tests of a file: they are there when its tests and later hooks run. */
export function faultyS3(): FaultyS3 {
  const s3 = {} as FaultyS3;
  beforeAll(async () => {
    s3.server = await startS3Server();
    s3.proxy = await startFaultProxy(s3.server.endpoint);
  });
  beforeEach(() => {
    s3.proxy.faults(() => 'none');
  });
  afterAll(async () => {
    await s3.proxy.stop();
    await s3.server.stop();
  });
  return s3;
}
