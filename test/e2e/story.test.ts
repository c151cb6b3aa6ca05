import { describe, it } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { colleagueStory } from './story.js';

describe('two people and a folder between them', { timeout: 240_000 }, () => {
  it('never run a stage twice for the same inputs, and have at every commit what belongs to it', async () => {
    await colleagueStory(temporaryFolder(), { url: '../remote', remoteOptions: [], env: {} });
  });
});
