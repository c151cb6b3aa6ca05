import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { awsEnvironment, startS3Server, type S3Server } from '../../rig/s3-server.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { newPlace } from '../s3-place.js';
import { HOUR_MS } from './collecting.js';
import { expectNothingDoubled } from './doubled.js';
import { expectManyClients } from './many-clients.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  stubEnvironment(awsEnvironment(server.users.writer));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

describe('a collection of garbage on a bucket', () => {
  it.each([0, HOUR_MS])(
    'goes on beside eight pushers, with a grace period of %s ms',
    { timeout: 60_000 },
    async (graceMs) => {
      const place = newPlace(server);
      await expectManyClients(() => place.open(), graceMs);
      expect(await (await place.open()).list('packs/')).not.toEqual([]);
    },
  );

  it('is given nothing twice by eight pushers but what was on its way', { timeout: 60_000 }, async () => {
    const place = newPlace(server);
    await expectNothingDoubled(() => place.open());
    expect(await (await place.open()).list('packs/')).not.toEqual([]);
  });
});
