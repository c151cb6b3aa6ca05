import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Tests that drive the real binary need dist/ to be what src/ says; this takes no time when it is. */
export default function buildBeforeTests(): void {
  const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));
  spawnSync(process.execPath, [script], { stdio: 'inherit' });
}
