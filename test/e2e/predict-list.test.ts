import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { OCRPIPE_SCRIPT } from '../rig/ocrpipe.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/models', import.meta.url));
const [first, second] = readdirSync(join(FIXTURES, 'images'));

/** A predict that is given a list on standard input, and the lines that it prints. */
function predictList(...flags: string[]) {
  const args = [OCRPIPE_SCRIPT, 'predict', '--model', 'version-1', '--backend', 'cpu', ...flags, '-'];
  const child = spawn(process.execPath, args, { cwd: FIXTURES, stdio: 'pipe' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    /** Writes a path and gives the line that it is answered with. */
    ask: async (path: string): Promise<string> => {
      child.stdin.write(`${path}\n`);
      const line = (await lines.next()) as { value: string };
      return line.value;
    },
    exitCode: async (): Promise<unknown> => (await (once(child, 'exit') as Promise<unknown[]>))[0],
  };
}

it('answers each path on standard input before the next one is written, broken ones too', async () => {
  const { child, ask, exitCode } = predictList('--format', 'jsonl');
  const image = `images/${first!}`;
  expect(JSON.parse(await ask(image))).toMatchObject({ image, text: expect.any(String) as string });
  expect(JSON.parse(await ask('none.png'))).toMatchObject({
    image: 'none.png',
    error: { code: 'image-unreadable', location: { file: 'none.png' } },
  });
  expect(JSON.parse(await ask(`images/${second!}`))).toMatchObject({ image: `images/${second!}` });
  child.stdin.end();
  expect(await exitCode()).toBe(2);
});

it('prints an empty text for what cannot be read, so that the n-th line is the n-th image', async () => {
  const { child, ask, exitCode } = predictList('--format', 'text');
  expect(await ask('none.png')).toBe('');
  expect(await ask(`images/${first!}`)).not.toBe(undefined);
  child.stdin.end();
  expect(await exitCode()).toBe(2);
});

it('stops at once on Ctrl-C, though the list has not ended', async () => {
  const { child, ask, exitCode } = predictList();
  await ask(`images/${first!}`);
  child.kill('SIGINT');
  expect(await exitCode()).toBe(130);
});
