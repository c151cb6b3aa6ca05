import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runOcrpipe, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const run = (...args: string[]) => runOcrpipe(args, { cwd: temporaryFolder() });

describe('the command line', () => {
  it('answers --version with the same text as the version command', async () => {
    const [flag, command] = [await run('--version'), await run('version')];
    expect((await run('-v')).stdout).toBe(flag.stdout);
    expect(flag).toEqual(command);
    expect(flag.stdout).toMatch(/^ocrpipe\/\d+\.\d+\.\d+ \S+ node-v\d+\.\d+\.\d+\n$/);
  });

  it('prints one JSON document and nothing else with --json', async () => {
    const { stdout, stderr, exitCode } = await run('version', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ node: process.version });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  it('takes global flags before the command as well', async () => {
    const { stdout } = await run('-C', '.', '--json', 'version');
    expect(JSON.parse(stdout)).toMatchObject({ node: process.version });
  });

  it('lists the commands and shows examples in help', async () => {
    expect((await run('--help')).stdout).toMatch(/^ {2}version {2}/m);
    expect((await run('-h')).stdout).toMatch(/^ {2}version {2}/m);
    expect((await run('version', '--help')).stdout).toMatch(/EXAMPLES\n {2}\$ ocrpipe version/);
  });

  it.each([
    [['versoin'], 'unknown-command', "Did you mean 'ocrpipe version'?"],
    [['version', '--jsno'], 'unknown-flag', "Did you mean '--json'?"],
    [['version', 'more'], 'unexpected-argument', "'ocrpipe version --help' says what it takes."],
    [['version', '-C', 'absent'], 'no-such-folder', 'Correct what follows -C.'],
    [['version', '-C'], 'flag-without-value', 'Usage: ocrpipe version'],
  ])('refuses %j with code %s, exit code 2 and a hint', async (args, code, hint) => {
    const { stdout, stderr, exitCode } = await run(...args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toContain(hint);
  });

  it('says nothing when the reader of its output goes away', async () => {
    const script = '"$@" | head -c 1';
    const args = ['-c', script, 'sh', process.execPath, OCRPIPE_SCRIPT, '--help'];
    const { stdout, stderr } = await runProcess('sh', args, { cwd: temporaryFolder() });
    expect({ stdout, stderr }).toEqual({ stdout: 'V', stderr: '' });
  });

  it('prints a refusal as a JSON document with --json', async () => {
    const { stdout, stderr, exitCode } = await run('version', '--nothing', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'unknown-flag', message: "'ocrpipe version' has no flag --nothing" },
    });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 2 });
  });
});
