import { spawn } from 'node:child_process';

/** Lengthens a file to 8 MB and cuts it to less than 5 KB, as fast as it can, wherever it is moved to meanwhile. */
const CUTTER = `
  const { ftruncateSync, openSync } = require('node:fs');
  const fd = openSync(process.argv[1], 'r+');
  for (let n = 1; ; n += 1) {
    ftruncateSync(fd, n % 2 === 0 ? 8_000_000 : n % 5000);
    if (n === 1) process.stdout.write('cut');
  }
`;

/** Runs `use` while another process lengthens and cuts a file, from when it was cut for the first time. */
export async function whileCut(file: string, use: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['-e', CUTTER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await use();
  } finally {
    child.kill();
    await ended;
  }
}
