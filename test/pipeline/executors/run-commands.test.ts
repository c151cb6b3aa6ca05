import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AbsPath } from '../../../src/base/paths.js';
import type { CommandResult, OutputPart } from '../../../src/pipeline/executors/executor.js';
import { runCommands, type CommandRequest } from '../../../src/pipeline/executors/run-commands.js';
import { endGroup, processStart } from '../../../src/pipeline/process-group.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

interface Ran {
  result: CommandResult;
  lines: string[];
}

async function run(commands: readonly string[], request: Partial<CommandRequest> = {}): Promise<Ran> {
  const lines: string[] = [];
  const take = ({ stream, bytes }: OutputPart): void => {
    for (const line of bytes.toString().trimEnd().split('\n')) lines.push(`${stream}: ${line}`);
  };
  const result = await runCommands({
    run: commands,
    cwd: temporaryFolder(),
    env: process.env,
    onStart: () => undefined,
    onOutput: take,
    signal: new AbortController().signal,
    ...request,
  });
  return { result, lines };
}

describe('runCommands', () => {
  it('runs one command after the other and hands over every line', async () => {
    const { result, lines } = await run(['echo one; echo two >&2', 'printf three']);
    expect(result).toEqual({ ok: true });
    expect(lines.sort()).toEqual(['stderr: two', 'stdout: one', 'stdout: three']);
  });

  it('stops at the command that fails, and names it', async () => {
    expect((await run(['exit 3', 'echo never'])).result).toEqual({
      ok: false,
      command: 'exit 3',
      code: 3,
      signal: null,
    });
    expect((await run(['kill -9 $$'])).result).toMatchObject({ ok: false, code: null, signal: 'SIGKILL' });
  });

  it('begins no command whose group could not be noted', async () => {
    const cwd = temporaryFolder();
    const noted: number[] = [];
    const onStart = (group: number): never => {
      noted.push(group);
      expect(processStart(group)).toBeDefined();
      throw new Error('the disk is full');
    };
    await expect(run(['echo begun > begun'], { cwd, onStart })).rejects.toThrow('the disk is full');
    await endGroup(noted[0]!, 5_000);
    expect(existsSync(join(cwd, 'begun'))).toBe(false);
  });

  it('gives a command nothing to read', async () => {
    expect((await run(['cat; echo end'])).lines).toEqual(['stdout: end']);
  });

  it('ends the whole process group on abort, and gives it time to write what it must', async () => {
    const cwd = temporaryFolder();
    const stop = new AbortController();
    const command = `trap 'echo saved > saved; exit 1' TERM; (while true; do sleep 0.02; done) & echo begun; wait`;
    const done = run([command], {
      cwd,
      signal: stop.signal,
      onOutput: () => {
        stop.abort(new Error('enough'));
      },
    });
    await expect(done).rejects.toThrow('enough');
    expect(readFileSync(join(cwd, 'saved'), 'utf8')).toBe('saved\n');
  });

  it('kills what does not end by itself', async () => {
    const stop = new AbortController();
    const groups: number[] = [];
    const done = run(["trap '' TERM; echo begun; while true; do sleep 0.02; done"], {
      signal: stop.signal,
      graceMs: 100,
      onStart: (group) => void groups.push(group),
      onOutput: () => {
        stop.abort(new Error('enough'));
      },
    });
    await expect(done).rejects.toThrow('enough');
    expect(processStart(groups[0]!)).toBeUndefined();
  });

  it('starts nothing once it is aborted', async () => {
    const cwd = temporaryFolder();
    await expect(run(['touch x'], { cwd, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(existsSync(join(cwd, 'x'))).toBe(false);
  });

  it('rejects where the folder is not there', async () => {
    await expect(run(['true'], { cwd: '/nowhere/at/all' as AbsPath })).rejects.toThrow();
  });
});
