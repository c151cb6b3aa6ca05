import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import type { OptimiserState } from '../nn/optimiser.js';
import { ignoreInGit, removeHeldFile } from '../models/held-model-folder.js';
import type { NamedArray } from '../models/variables.js';
import { decodeWeights, encodeWeights, tensorSchema } from '../models/weights-file.js';
import { watchStateSchema } from './divergence-watch.js';
import { historyEntrySchema } from './history.js';
import { sampleReadingSchema } from './sample-readings.js';
import type { LearnerState } from './learner.js';
import { runningSumsSchema } from './progress-meter.js';

/**
 * A checkpoint is one file, so that it is replaced in one rename: a line `ocrpipe-checkpoint 3 <SHA-256 of all that
 * follows>`, a line of JSON, then the tensors of `groups` one after the other. It lies in a folder of its own beside the model, which is held while it is written.
 */
const FILE = 'checkpoint.bin';
const FIRST_WORDS = 'ocrpipe-checkpoint 3 ';
/** Groups of the optimiser begin so. */
const SLOT = 'optimiser/';

const metricsSchema = z.object({
  count: z.int(),
  exact: z.number(),
  cer: z.number(),
  levenshtein: z.number(),
  charF1: z.number(),
});

const headerSchema = z.object({
  /** Says what the training was; it continues only if this is equal. */
  key: z.string(),
  step: z.int(),
  /** That the training took until then, in all its runs. */
  seconds: z.number().default(0),
  /** The best validation so far and the step after which it was made. */
  best: z.object({ step: z.int(), figures: metricsSchema }).nullable(),
  /** Validations since the figure last became better. */
  stale: z.int(),
  optimiserStep: z.int(),
  history: z.array(historyEntrySchema),
  samples: z.array(sampleReadingSchema),
  /** Running figures since the last validation. */
  sums: runningSumsSchema,
  /** What losses and gradients were usual. */
  watch: watchStateSchema,
  /** Summaries that were written for TensorBoard. */
  summaries: z.int().default(0),
  groups: z.array(z.object({ name: z.string(), tensors: z.array(tensorSchema) })),
});

type Header = z.infer<typeof headerSchema>;

/** Everything that a training needs to go on as if it had never stopped. */
export interface Checkpoint extends Omit<Header, 'groups' | 'optimiserStep'> {
  learner: LearnerState;
  /** The weights of the best validation; empty before the first. */
  bestWeights: NamedArray[];
}

export function writeCheckpoint(folder: string, checkpoint: Checkpoint): void {
  const { learner, bestWeights, ...rest } = checkpoint;
  const groups = {
    weights: learner.weights,
    average: learner.average,
    bestWeights,
    ...slotGroups(learner.optimiser),
  };
  const encoded = Object.entries(groups).map(([name, arrays]) => ({ name, ...encodeWeights(arrays) }));
  const header: Header = {
    ...rest,
    optimiserStep: learner.optimiser.step,
    groups: encoded.map(({ name, tensors }) => ({ name, tensors })),
  };
  ignoreInGit(folder);
  const parts = [Buffer.from(`${JSON.stringify(header)}\n`), ...encoded.map(({ bytes }) => bytes)];
  const content = Buffer.concat(parts);
  const firstLine = Buffer.from(`${FIRST_WORDS}${contentIdOf(content)}\n`);
  writeFileAtomic(checkpointFile(folder), Buffer.concat([firstLine, content]));
}

/** Where the checkpoint of a folder is. */
export function checkpointFile(folder: string): string {
  return join(folder, FILE);
}

/** What is known of the checkpoint of a training with another key. */
export interface OtherTraining {
  /** The step it had reached. */
  otherStep: number;
}

/**
 * The checkpoint of `folder` if there is one that belongs to `key`, and how far it had come if it belongs to another; 'unusable' for one that is not as it was written, or was
 * written by another version.
 */
export function readCheckpoint(
  folder: string,
  key: string,
): Checkpoint | OtherTraining | 'unusable' | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(checkpointFile(folder));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    if (systemErrorCode(error) === undefined) throw error;
    return 'unusable';
  }
  const content = contentOf(bytes);
  const header = content && parseHeader(content);
  if (!header) return 'unusable';
  if (header.key !== key) return { otherStep: header.step };
  return decode(header, content.subarray(content.indexOf(10) + 1));
}

/** What stands behind the first line, if it is what that line says. */
function contentOf(bytes: Buffer): Buffer | undefined {
  const content = bytes.subarray(bytes.indexOf(10) + 1);
  const firstLine = bytes.subarray(0, bytes.length - content.length).toString('latin1');
  return firstLine === `${FIRST_WORDS}${contentIdOf(content)}\n` ? content : undefined;
}

function parseHeader(bytes: Buffer): Header | undefined {
  try {
    return headerSchema.parse(JSON.parse(bytes.subarray(0, bytes.indexOf(10)).toString('utf8')));
  } catch {
    return undefined;
  }
}

function decode(header: Header, bytes: Buffer): Checkpoint {
  const { groups, optimiserStep, ...rest } = header;
  const all = decodeWeights(
    bytes,
    groups.flatMap(({ tensors }) => tensors),
  );
  let next = 0;
  const byGroup = new Map<string, NamedArray[]>();
  for (const { name, tensors } of groups) byGroup.set(name, all.slice(next, (next += tensors.length)));
  const group = (name: string): NamedArray[] => byGroup.get(name) ?? [];
  const slots = groups
    .filter(({ name }) => name.startsWith(SLOT))
    .map(({ name }) => [name.slice(SLOT.length), valuesByName(group(name))] as const);
  return {
    ...rest,
    learner: {
      weights: group('weights'),
      average: group('average'),
      optimiser: { step: optimiserStep, slots: Object.fromEntries(slots) },
    },
    bestWeights: group('bestWeights'),
  };
}

/** What the optimiser remembers, a group a slot. */
function slotGroups({ slots }: OptimiserState): Record<string, NamedArray[]> {
  const groups = Object.entries(slots).map(([slot, arrays]) => [
    `${SLOT}${slot}`,
    Object.entries(arrays).map(([name, values]) => ({ name, shape: [values.length], values })),
  ]);
  return Object.fromEntries(groups) as Record<string, NamedArray[]>;
}

function valuesByName(arrays: readonly NamedArray[]): Record<string, Float32Array> {
  return Object.fromEntries(arrays.map(({ name, values }) => [name, values]));
}

export function removeCheckpoint(folder: string): void {
  removeHeldFile(folder, FILE);
}
