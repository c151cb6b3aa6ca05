import { describe, expect, it } from 'vitest';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { newWorkspace } from '../rig/workspace.js';

const ENDLESS = `node -e "require('fs').writeFileSync('part', 'half'); console.log('begun'); setInterval(() => {}, 1000)"`;

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends a running stage by %s with exit code 130, and the next run starts it again',
    async (signalOnOutput) => {
      const workspace = await newWorkspace();
      workspace.write(
        'pipeline.yaml',
        `stages:\n  endless:\n    run: ${JSON.stringify(ENDLESS)}\n    outs: [part]\n`,
      );
      const run = { cwd: workspace.root, env: workspace.env, signalOnOutput };
      const { exitCode, stderr } = await runOcrpipe(['repro'], run);
      expect(exitCode).toBe(130);
      expect(stderr).toMatch(/\[interrupted\]/);
      const { stages } = await workspace.json<{ stages: { name: string; state: string }[] }>('status');
      expect(stages).toMatchObject([
        { name: 'endless', state: expect.not.stringMatching('fresh') as string },
      ]);
    },
  );
});
