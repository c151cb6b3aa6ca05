import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneOf, contents, workspaceWithData } from './workspaces.js';

const TIMEOUT_MS = 240_000;

/** Kills transfers at every `step`th write, with the real binary: each round starts with what the killed one before it left. */
export function killedTransfers(step: number): void {
  describe(`a push that is killed at every write, ${step} writes apart`, () => {
    it('leaves nothing half-visible, and the next one completes it', { timeout: TIMEOUT_MS }, async () => {
      const { a, place } = await workspaceWithData(4);
      let killed = 0;
      for (let at = 1; ; at += step) {
        const result = await a.run(['push'], { OCRPIPE_TEST_KILL_AT: String(at) });
        if (result.signal === undefined) break;
        killed += 1;
        for (const name of namesIn(join(place, 'packs'))) {
          expect(name).toMatch(/^[0-9a-f]{64}\.(pack|cat)$/);
        }
      }
      expect(killed * step).toBeGreaterThan(5);
      const b = await cloneOf(a);
      await b.ocrpipe('pull');
      expect(contents(b)).toEqual(contents(a));
    });
  });

  describe(`a pull that is killed at every write, ${step} writes apart`, () => {
    it('is completed by the next one', { timeout: TIMEOUT_MS }, async () => {
      const { a } = await workspaceWithData(4);
      await a.ocrpipe('push');
      const b = await cloneOf(a);
      let killed = 0;
      for (let at = 1; ; at += step) {
        const result = await b.run(['pull'], { OCRPIPE_TEST_KILL_AT: String(at) });
        if (result.signal === undefined) break;
        killed += 1;
      }
      expect(killed * step).toBeGreaterThan(3);
      expect(contents(b)).toEqual(contents(a));
    });
  });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
