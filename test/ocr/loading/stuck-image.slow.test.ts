import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** An image that takes many minutes to draw: one path of 2,000 lines, 100,000 times. */
function endlessImage(): string {
  const path = Array.from({ length: 2000 }, (_, i) => `L${(i * 7919) % 900} ${(i * 104729) % 900}`).join('');
  const tenTimes = (level: number): string => `<use href="#g${level - 1}"/>`.repeat(10);
  const groups = [1, 2, 3, 4, 5].map((level) => `<g id="g${level}">${tenTimes(level)}</g>`);
  const drawn = `<defs><path id="g0" d="M0 0${path}"/>${groups.join('')}</defs><use href="#g5" stroke="black"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">${drawn}</svg>`;
}

it('an image that holds a thread of the system is given up, all others are checked, and the process ends', async () => {
  const folder = temporaryFolder();
  const files = ['a.png', 'endless.svg', 'b.png'].map((name) => join(folder, name));
  const create = { width: 40, height: 20, channels: 3, background: 'black' } as const;
  await sharp({ create }).png().toFile(files[0]!);
  copyFileSync(files[0]!, files[2]!);
  writeFileSync(files[1]!, endlessImage());
  const program = fileURLToPath(new URL('stuck-child.mjs', import.meta.url));
  const { stdout, signal } = spawnSync(process.execPath, [program, ...files], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGTERM',
  });
  const path = files[1]!;
  expect(stdout).toMatch(/^loader-slow: \S+endless\.svg: thread \d has been at it for \d+ seconds/);
  expect(stdout).toContain(`readable\nloader-stuck ${path} kept its thread busy`);
  expect(stdout).toMatch(/\nreadable\n$/);
  // Its code would have to wait for the image.
  expect(signal).toBe('SIGKILL');
});
