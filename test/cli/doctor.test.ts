import { describe, expect, it } from 'vitest';
import type { DoctorResult } from '../../src/actions/doctor.js';
import { ocrpipeJson, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

describe('ocrpipe doctor', () => {
  it('finds git, images and the WebAssembly backend, and says what is missing and what to do', async () => {
    const cwd = temporaryFolder();
    const { checks } = await ocrpipeJson<DoctorResult>(['doctor'], { cwd });
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({
      node: 'ok',
      git: 'ok',
      workspace: 'missing',
      images: 'ok',
      'backend wasm': 'ok',
    });
    expect(checks.filter(({ state, hint }) => state !== 'ok' && hint === undefined)).toEqual([]);
  });

  it('exits with 3 if git is not there', async () => {
    const { exitCode, stdout } = await runOcrpipe(['doctor'], {
      cwd: temporaryFolder(),
      env: { PATH: '/nowhere' },
    });
    expect(exitCode).toBe(3);
    expect(stdout).toContain('FAILED   git: not found on the PATH\n         Install git.');
  });
});
