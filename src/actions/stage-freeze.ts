import type { Call } from '../base/call.js';
import { withStageKey } from '../pipeline/definition/edit/edit-stages.js';
import { editPipeline, writtenPlace } from './edit-pipeline.js';
import type { ToCommit } from './to-commit.js';

/** Stages as they are now. */
export interface FrozenStages extends ToCommit {
  readonly stages: readonly { readonly name: string; readonly frozen: boolean; readonly changed: boolean }[];
}

/**
 * Freezes stages, or lets them run again, in the files where they are written: all or none, and nothing else of the files changes. Throws
 * `unknown-stage`, `stage-generated`, `cannot-edit`.
 */
export function freezeStages(names: readonly string[], frozen: boolean, call: Call): Promise<FrozenStages> {
  return editPipeline(call, frozen ? 'ocrpipe freeze' : 'ocrpipe unfreeze', (texts) => {
    const pipeline = texts.pipeline();
    const stages = [...new Set(names)].map((name) => {
      const place = writtenPlace(pipeline, name);
      const before = texts.text(place.file);
      const value = frozen ? true : undefined;
      const after = withStageKey(before, { stage: place.name, key: 'frozen', value });
      texts.edit(place.file, after);
      return { name, frozen, changed: before !== after };
    });
    return { stages };
  });
}
