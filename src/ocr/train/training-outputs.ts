import { dirname } from 'node:path';
import {
  checkAmongOwn,
  checkOutputFiles,
  checkOutputFolder,
  outputFile,
  outputPath,
} from '../../base/outputs.js';
import { metricsKind } from '../evaluate/report-files.js';
import { isModelFile, modelFile } from '../models/model-folder.js';
import { historyKind } from './history.js';
import type { TrainingJob } from './training-job.js';

/** What a training writes, as it was typed. */
interface TypedOutputs {
  out: string;
  metrics?: string | undefined;
  history?: string | undefined;
}

/**
 * Where a training writes, absolute. Throws (exit code 2) what `checkOutputFiles` throws: hours of computing must not end at a
 * folder that cannot be written. `inputs` are the files that the training reads, absolute.
 */
export function trainingOutputs(
  cwd: string,
  typed: TypedOutputs,
  inputs: readonly string[],
): Pick<TrainingJob, 'out' | 'metrics' | 'history'> {
  const out = outputPath('--out', cwd, typed.out);
  const { metrics, history } = typed;
  const files = {
    ...(metrics === undefined ? {} : { metrics: outputFile('--metrics', cwd, metrics, metricsKind) }),
    ...(history === undefined ? {} : { history: outputFile('--history', cwd, history, historyKind) }),
  };
  checkOutputFolder('--out', out);
  checkAmongOwn('--out', out, (name) => isModelFile(out, name));
  checkOutputFolder('--out', dirname(out)); // for the checkpoint
  checkOutputFiles([modelFile('--out', out), ...Object.values(files)], inputs);
  return {
    out,
    ...(files.metrics ? { metrics: files.metrics.path } : {}),
    ...(files.history ? { history: files.history.path } : {}),
  };
}
