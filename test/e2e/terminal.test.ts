import { afterAll, describe, expect, it } from 'vitest';
import { noTerminal, runOnTerminal } from '../rig/terminal.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const reason = noTerminal();

/** A stage that finishes, and one after it that runs `script`. */
async function pipeline(script: string): Promise<TestWorkspace> {
  const workspace = await newWorkspace();
  workspace.write('work.mjs', script);
  workspace.write(
    'pipeline.yaml',
    [
      'stages:',
      '  first:',
      "    run: 'echo one > one'",
      '    outs: [one]',
      '  second:',
      '    run: node work.mjs',
      '    deps: [one]',
      '    outs: [two]',
      '',
    ].join('\n'),
  );
  return workspace;
}

const BUSY = `
import { writeFileSync } from 'node:fs';
for (let step = 1; step <= 40; step += 1) process.stderr.write('second: ' + step + ' of 40, ' + 'detail '.repeat(30) + '\\r');
console.error('a lasting line');
writeFileSync('two', '2');
`;

const ENDLESS = `
console.log('begun');
process.on('SIGTERM', () => { console.error('error: stopped by SIGTERM [interrupted]'); process.exit(130); });
setInterval(() => {}, 1000);
`;

describe.skipIf(reason !== undefined)('a terminal', () => {
  it.each([40, 0])('of %d columns keeps no line of what moves', async (columns) => {
    const workspace = await pipeline(BUSY);
    const { cwd, env } = { cwd: workspace.root, env: workspace.env };
    const { lines, written, exitCode } = await runOnTerminal(['repro'], { cwd, env, columns });
    expect(exitCode).toBe(0);
    expect(written).toMatch(/second \| \d+ of 40, detail/);
    expect(lines.filter((line) => line.includes('of 40'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('second | '))).toEqual(['second | a lasting line']);
  });

  it('shows one line after Ctrl-C, and what was finished stays recorded', async () => {
    const workspace = await pipeline(ENDLESS);
    const { cwd, env } = { cwd: workspace.root, env: workspace.env };
    const options = { cwd, env, columns: 80, interruptAt: 'second | begun' };
    const { lines, exitCode } = await runOnTerminal(['repro'], options);
    expect(exitCode).toBe(130);
    const after = lines.slice(lines.indexOf('second | begun') + 1);
    expect(after.filter((line) => line !== '^C')).toEqual([
      expect.stringMatching(/^(\^C)?stopped by SIGINT \[interrupted\]\. Run the command again to go on\.$/),
    ]);
    const { stages } = await workspace.json<{ stages: unknown[] }>('status');
    expect(stages).toMatchObject([{ state: 'fresh' }, { state: 'never-run' }]);
  });
});

afterAll(() => {
  if (reason !== undefined) console.log(`tests on a terminal are skipped: ${reason}`);
});
