import type { Stage } from '../definition/stage/stage.js';
import { targetStages, type LoadedPipeline } from '../staleness/load.js';
import type { LookOptions } from '../staleness/look.js';
import type { Step } from '../staleness/plan.js';
import type { ReproRequest } from './repro-report.js';

/** How stages are to be looked at. */
export function lookOptions(
  loaded: LoadedPipeline,
  request: ReproRequest,
  chosen: readonly string[],
): LookOptions & { forced: ReadonlySet<string> } {
  const forced = request.force ? targetsOf(loaded, request, chosen) : new Set<string>();
  return { runCache: request.runCache, forced };
}

/** The stages that were named themselves; all that are chosen, where none is named or a reach was asked for. */
export function targetsOf(
  loaded: LoadedPipeline,
  { targets, reach, cwd }: ReproRequest,
  chosen: readonly string[],
): ReadonlySet<string> {
  const named = targets.length > 0 && reach === 'upstream';
  return new Set(named ? targets.flatMap((target) => targetStages(loaded, target, cwd)) : chosen);
}

/** A run that takes hours may be spared: what the lock names was made elsewhere, and may have been pushed. */
export function warnIfNotHere({ host }: LoadedPipeline, stage: Stage, step: Step): void {
  if (step.action !== 'run' || step.notHere !== true || !host.canPull || host.fetcher) return;
  const message = `${stage.name}: pipeline.lock has its result, which is not on this machine; 'ocrpipe pull' or 'ocrpipe repro --pull' may bring it, instead of running the stage again`;
  host.events({ type: 'note', level: 'warning', code: 'result-not-here', message });
}
