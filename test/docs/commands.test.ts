import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../rig/ocrpipe.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('docs/commands.md', () => {
  it("is what the commands say of themselves (else: 'npm run docs')", async () => {
    const { exitCode, stderr } = await runProcess(process.execPath, ['scripts/docs.mjs', '--check'], {
      cwd: root,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
