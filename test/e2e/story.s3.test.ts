import { afterAll, beforeAll, describe, it } from 'vitest';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { colleagueStory } from './story.js';

describe('two people and a bucket between them', { timeout: 240_000 }, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server.stop());

  it('never run a stage twice for the same inputs, and have at every commit what belongs to it', async () => {
    await colleagueStory(temporaryFolder(), {
      url: `s3://${server.bucket}/team/plates`,
      remoteOptions: ['--endpoint', server.endpoint, '--region', 'us-east-1', '--path-style'],
      env: awsEnvironment(server.users.writer),
    });
  });
});
