import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OcrpipeError, withHint } from '../../base/errors.js';
import { shellQuote } from '../../base/shell-quote.js';
import { writePoint } from '../../base/write-points.js';
import type { HeldModelFolder } from '../models/held-model-folder.js';

/** The errors that the same training would meet again, however often it goes on from its checkpoint. */
const FOR_GOOD: ReadonlySet<string> = new Set(['loss-not-finite', 'loss-exploding', 'out-of-memory']);

/** True for an error after which a training cannot go on with the same parameters. */
export function endsForGood(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && FOR_GOOD.has(error.code);
}

/** A model beside the checkpoint: the weights that read best until a training broke off. */
function keptFolder(held: HeldModelFolder): string {
  return join(held.checkpoints, 'best');
}

/** Lets `write` save the best weights beside the checkpoint, and gives `error` with where they are. `write` tells their step. */
export function keepBest(
  held: HeldModelFolder,
  error: OcrpipeError,
  write: (kept: HeldModelFolder) => number,
): OcrpipeError {
  const path = keptFolder(held);
  const step = write({ ...held, path });
  const kept = `The best weights until then, of step ${step}, are kept: '--model ${shellQuote(path)}' reads with them.`;
  return withHint(error, `${error.hint ?? ''} ${kept}`);
}

/** Removes what an earlier training kept, once a later one has finished. */
export function removeKeptBest(held: HeldModelFolder): void {
  const path = keptFolder(held);
  if (!existsSync(path)) return;
  writePoint();
  rmSync(path, { recursive: true, force: true });
}
