import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Tests that drive the real binary need dist/ to be what src/ says, those with a program of their own the single modules; this
 * takes no time when they are.
 */
export default function buildBeforeTests(): void {
  for (const name of ['build', 'build-modules']) {
    const script = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url));
    spawnSync(process.execPath, [script], { stdio: 'inherit' });
  }
}
