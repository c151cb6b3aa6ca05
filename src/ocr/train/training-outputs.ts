import { dirname } from 'node:path';
import {
  checkAmongOwn,
  checkOutputFiles,
  checkOutputFolder,
  outputFile,
  outputPath,
} from '../../base/outputs.js';
import { userError, type OcrpipeError } from '../../base/errors.js';
import { metricsKind } from '../evaluate/report-files.js';
import { isModelFile } from '../models/model-files.js';
import { modelFile } from '../models/model-folder.js';
import { historyKind } from './history.js';
import { samplesKind } from './sample-readings.js';
import { isEventFile } from './tensorboard/event-folder.js';
import type { TrainingJob } from './training-job.js';

const EVENTS_FLAG = '--tensorboard';

/** What a training writes, as it was typed. */
interface TypedOutputs {
  out: string;
  metrics?: string | undefined;
  history?: string | undefined;
  samples?: string | undefined;
  last?: string | undefined;
  tensorboard?: string | undefined;
}

/**
 * Where a training writes, absolute. Throws (exit code 2) what `checkOutputFiles` throws: hours of computing must not end at a
 * folder that cannot be written. `inputs` are the files that the training reads, absolute.
 */
export function trainingOutputs(
  cwd: string,
  typed: TypedOutputs,
  inputs: readonly string[],
): Pick<TrainingJob, 'out' | 'metrics' | 'history' | 'samples' | 'last' | 'tensorboard'> {
  const out = modelOutput('--out', cwd, typed.out);
  const last = typed.last === undefined ? undefined : modelOutput('--last', cwd, typed.last);
  const { metrics, history, samples } = typed;
  const files = {
    ...(metrics === undefined ? {} : { metrics: outputFile('--metrics', cwd, metrics, metricsKind) }),
    ...(history === undefined ? {} : { history: outputFile('--history', cwd, history, historyKind) }),
    ...(samples === undefined ? {} : { samples: outputFile('--samples', cwd, samples, samplesKind) }),
  };
  const models = [modelFile('--out', out), ...(last === undefined ? [] : [modelFile('--last', last)])];
  checkOutputFiles([...models, ...Object.values(files)], inputs);
  const tensorboard = typed.tensorboard === undefined ? undefined : eventOutput(cwd, typed.tensorboard);
  if (tensorboard !== undefined && (tensorboard === out || tensorboard === last))
    throw isModelToo(tensorboard);
  return {
    out,
    ...(tensorboard === undefined ? {} : { tensorboard }),
    ...(last === undefined ? {} : { last }),
    ...(files.metrics ? { metrics: files.metrics.path } : {}),
    ...(files.history ? { history: files.history.path } : {}),
    ...(files.samples ? { samples: files.samples.path } : {}),
  };
}

/** The absolute folder of a model that can be written, with room beside it for the checkpoint. */
function modelOutput(flag: string, cwd: string, typed: string): string {
  const folder = outputPath(flag, cwd, typed);
  checkOutputFolder(flag, folder);
  checkAmongOwn(flag, folder, (name) => isModelFile(folder, name));
  checkOutputFolder(flag, dirname(folder));
  return folder;
}

/** The absolute folder of events. */
function eventOutput(cwd: string, typed: string): string {
  const folder = outputPath(EVENTS_FLAG, cwd, typed);
  checkOutputFolder(EVENTS_FLAG, folder);
  checkAmongOwn(EVENTS_FLAG, folder, isEventFile);
  return folder;
}

function isModelToo(folder: string): OcrpipeError {
  return userError('output-named-twice', `${EVENTS_FLAG} would be written to ${folder}, as the model is`, {
    hint: `Give ${EVENTS_FLAG} a folder of its own.`,
  });
}
