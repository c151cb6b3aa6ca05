import type { EventSink } from '../../base/events.js';
import type { Patience } from '../loading/watched-threads.js';
import type { BackendChoice } from '../nn/backend.js';
import type { TrainingSettings } from './train-config.js';

/** What to train, on what, and where to. */
export interface TrainingJob {
  /** Where the relative paths of `train` and `val` start. */
  cwd: string;
  /** Manifests, or anything else that `convert` knows. */
  train: string;
  val: string;
  /** The folder of the model, absolute, as are `metrics` and `history`. */
  out: string;
  settings: TrainingSettings;
  backend: BackendChoice;
  /** Where the figures of the best weights go. */
  metrics?: string;
  /** Where the curve goes, a line a validation. */
  history?: string;
  /** Where some readings of each validation go. */
  samples?: string;
  /** A folder for TensorBoard, absolute. */
  tensorboard?: string;
  /** A second folder of a model, for the weights of the last step. */
  last?: string;
  /** False begins anew although a checkpoint of this very training is there. */
  resume?: boolean;
  /** A list of images that are left out if they cannot be read, as it was typed. */
  skipBad?: string | undefined;
  /** A folder that remembers which images could be read, absolute; without it each training decodes them all first. */
  knownImages?: string;
  /** Threads that read images, at the most; default: as many as the machine has cores. */
  loaderThreads?: number | undefined;
  /** For tests: how long one image may take. */
  loaderPatience?: Patience;
  /** Seconds between two checkpoints; 30 unless given. */
  checkpointSeconds?: number | undefined;
  /** For tests: memory for the tensors of a step, in place of what the backend has. */
  memoryBytes?: number;
  events: EventSink;
  signal?: AbortSignal;
}
