import type { JsonValue } from '../base/canonical-json.js';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { hasStage, withStage } from '../pipeline/definition/edit/edit-stages.js';
import { PIPELINE_FILE } from '../pipeline/definition/stage/file-names.js';
import { editPipeline } from './edit-pipeline.js';
import type { ToCommit } from './to-commit.js';

export interface StageAddInput {
  readonly name: string;
  /** Shell command lines. */
  readonly run: readonly string[];
  readonly deps: readonly string[];
  /** `key`, `file.yaml:key,key` or `file.yaml:` for all of it. */
  readonly params: readonly string[];
  readonly outs: readonly string[];
  /** Outputs that git holds. */
  readonly outsInGit: readonly string[];
  readonly metrics: readonly string[];
  readonly plots: readonly string[];
  readonly wdir?: string | undefined;
  readonly desc?: string | undefined;
  readonly always: boolean;
  /** Another stage of this name is replaced. */
  readonly force: boolean;
}

export interface StageAdded extends ToCommit {
  readonly name: string;
  readonly replaced: boolean;
  /** As it was written. */
  readonly stage: { readonly [key: string]: JsonValue };
}

/**
 * Writes a stage into pipeline.yaml, behind the last one; nothing else of the file changes. What the file says then is checked before it is
 * written. Throws `stage-exists`, `no-command`, `cannot-edit`, and whatever is wrong with the stage.
 */
export function stageAdd(input: StageAddInput, call: Call): Promise<StageAdded> {
  return editPipeline(call, 'ocrpipe stage add', (texts) => {
    const { name, force } = input;
    const text = texts.text(PIPELINE_FILE);
    const replaced = hasStage(text, name);
    if (replaced && !force) {
      throw userError('stage-exists', `there is already a stage '${name}' in ${PIPELINE_FILE}`, {
        hint: 'Choose another name, or replace it with --force.',
      });
    }
    if (input.run.length === 0) {
      throw userError('no-command', `the stage '${name}' has no command`, {
        hint: `Put it last: 'ocrpipe stage add ${name} … -- COMMAND', or give it with --run.`,
      });
    }
    const stage = writtenStage(input);
    texts.edit(PIPELINE_FILE, withStage(text, name, stage));
    return { name, replaced, stage };
  });
}

function writtenStage(input: StageAddInput): { readonly [key: string]: JsonValue } {
  const { run, deps, metrics, plots, wdir, desc, always } = input;
  const params = input.params.map(paramsUse);
  const outs = [...input.outs, ...input.outsInGit.map((path) => ({ path, cache: false }))];
  return {
    ...(desc !== undefined && { desc }),
    run: run.length === 1 ? run[0]! : run,
    ...(wdir !== undefined && { wdir }),
    ...(deps.length > 0 && { deps }),
    ...(params.length > 0 && { params }),
    ...(outs.length > 0 && { outs }),
    ...(metrics.length > 0 && { metrics }),
    ...(plots.length > 0 && { plots }),
    ...(always && { always }),
  };
}

function paramsUse(text: string): JsonValue {
  const colon = text.indexOf(':');
  if (colon === -1) return text;
  const [file, keys] = [text.slice(0, colon), text.slice(colon + 1)];
  return keys === '' ? { file } : { file, keys: keys.split(',') };
}
