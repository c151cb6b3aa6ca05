import { canonicalJson } from '../../base/canonical-json.js';
import { userError } from '../../base/errors.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Pipeline, Stage } from '../definition/stage/stage.js';
import { signatureInput, type StageInputs } from '../records/signature.js';
import { loadPipeline, type LoadedPipeline } from './load.js';
import { planStages } from './look.js';

/** A shorter value is found in texts that have nothing to do with it. */
const SHORTEST_FOUND = 6;

/** The secrets of stages that have no value (`missing-secret`): an empty one is none. */
export function missingSecretProblems(pipeline: Pipeline, stages: readonly Stage[]): Problem[] {
  return stages.flatMap(({ name: stage, secrets }) =>
    secrets
      .filter(({ name }) => (process.env[name] ?? '') === '')
      .map(({ name, at }) => ({
        code: 'missing-secret',
        message: `stage '${stage}' needs the secret ${name}, which is not set`,
        hint: `Set it in the environment before the command: 'export ${name}=…'. Its value is written nowhere.`,
        location: pipeline.locate(at),
      })),
  );
}

/** Those of the chosen stages that would run: who has no secret can still be given what others made with it. */
export async function secretProblems(
  { host, pipeline }: LoadedPipeline,
  { chosen, forced }: { chosen: readonly string[]; forced: ReadonlySet<string> },
): Promise<Problem[]> {
  const lacking = chosen.filter((name) => {
    const stage = pipeline.stages.get(name)!;
    return !stage.frozen && missingSecretProblems(pipeline, [stage]).length > 0;
  });
  if (lacking.length === 0) return [];
  // What is expected of planned steps must not be seen by those who run them.
  const planned = await planStages(loadPipeline(host), chosen, { forced });
  const running = planned.filter(({ stage, step }) => step.action === 'run' && lacking.includes(stage.name));
  return missingSecretProblems(
    pipeline,
    running.map(({ stage }) => stage),
  );
}

/** Throws `secret-exposed` where the value of a secret stands in what would be written down of a run. */
export function refuseExposedSecrets(pipeline: Pipeline, stage: Stage, inputs: StageInputs): void {
  const names = new Set(
    [...pipeline.stages.values()].flatMap(({ secrets }) => secrets.map(({ name }) => name)),
  );
  if (names.size === 0) return;
  const written = canonicalJson(signatureInput(inputs));
  for (const name of names) {
    const value = process.env[name] ?? '';
    if (value.length < SHORTEST_FOUND || !written.includes(JSON.stringify(value).slice(1, -1))) continue;
    throw userError(
      'secret-exposed',
      `what is recorded of stage '${stage.name}' would have the value of ${name} in it`,
      {
        hint: `It stands in its commands, parameters or variables. Let the command read it from the environment: "$${name}".`,
        location: pipeline.locate(['stages', stage.name], { key: true }),
      },
    );
  }
}
