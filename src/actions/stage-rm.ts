import type { Call } from '../base/call.js';
import { withoutStage } from '../pipeline/definition/edit/edit-stages.js';
import { editPipeline, writtenPlace } from './edit-pipeline.js';
import type { ToCommit } from './to-commit.js';

export interface StagesRemoved extends ToCommit {
  readonly removed: readonly string[];
}

/**
 * Takes stages out of the files where they are written: all or none, and nothing else of the files changes. What they made stays, with its
 * pointers. Throws `unknown-stage`, `stage-generated`, `cannot-edit`, and what is wrong with the stages that are left.
 */
export function stageRm(names: readonly string[], call: Call): Promise<StagesRemoved> {
  return editPipeline(call, 'ocrpipe stage rm', (texts) => {
    const pipeline = texts.pipeline();
    const removed = [...new Set(names)];
    for (const name of removed) {
      const place = writtenPlace(pipeline, name);
      texts.edit(place.file, withoutStage(texts.text(place.file), place.name));
    }
    return { removed };
  });
}
