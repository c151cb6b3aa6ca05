import { countText } from '../../base/count-text.js';
import { join, resolve } from 'node:path';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { readSamples } from '../formats/read-samples.js';
import type { Sample } from '../formats/sample.js';
import { ImageLoader } from '../loading/image-loader.js';
import { KnownImages } from '../loading/known-images.js';
import { fittedToLabels, type ModelConfig } from '../models/model-config.js';
import { columnsThatFit, trainingNeed } from '../models/memory-need.js';
import { readingOptions } from '../models/reading-limit.js';
import { tensorMemoryBytes } from '../nn/tensor-memory.js';
import { characters } from '../text/code-points.js';
import { describeCharacter, learnAlphabet, type Alphabet } from '../text/alphabet.js';
import { compilePattern, matches, type PatternAutomaton } from '../text/pattern.js';
import {
  checkImages,
  refuseLongLabels,
  strangers,
  trainingAlphabet,
  type CheckedSet,
  type DataSet,
} from './data-set.js';
import { GatheredProblems } from './gathered-problems.js';
import type { SampleTable } from './sample-table.js';
import { noSkipList, readSkipList } from './skip-list.js';
import type { TrainingJob } from './training-job.js';

const MIB = 1024 * 1024;
const NAME_DIGITS = 16;

/** What is known of the data before the first step. */
export interface PreparedData {
  /** The model's configuration with what the labels decide. */
  model: ModelConfig;
  alphabet: Alphabet;
  training: DataSet;
  validation: DataSet;
  loader: ImageLoader;
  /** Pixels of width that are learnt from at once, all images filled up to the widest. */
  widthPx: number;
}

/**
 * Reads both manifests, settles the alphabet, opens every image and checks every label: all that is wrong with the data is said at
 * once, before anything is computed or written. The backend must be open: its memory says how wide images may be. The caller closes the loader.
 */
export async function prepareData(job: TrainingJob): Promise<PreparedData> {
  const samples = { training: await read(job, job.train), validation: await read(job, job.val) };
  const problems = new GatheredProblems();
  const { alphabet: given } = job.settings.train;
  const settled = await problems.try(() => trainingAlphabet(samples.training, given, job.train));
  // Sizes hardly depend on it: what is wrong with the images is looked for all the same.
  const alphabet = settled ?? learnAlphabet(samples.training.map(({ text }) => text));
  const model = fittedToLabels(job.settings.model, longestLabel(samples.training));
  const loader = openLoader(job, model, alphabet);
  try {
    return await checkData(job, samples, { model, alphabet, loader, problems });
  } catch (error) {
    await loader.close();
    throw error;
  }
}

async function read({ cwd, events, signal }: TrainingJob, manifest: string): Promise<readonly Sample[]> {
  const { samples } = await readSamples(resolve(cwd, manifest), { events, signal, shownAs: manifest });
  return samples;
}

function openLoader(
  { settings, events, loaderThreads, loaderPatience }: TrainingJob,
  config: ModelConfig,
  alphabet: Alphabet,
): ImageLoader {
  const { train, augment } = settings;
  return new ImageLoader({
    options: readingOptions({ config, alphabet }),
    augment,
    seed: train.seed,
    limitBytes: train.cacheMiB * MIB,
    threads: loaderThreads,
    patience: loaderPatience,
    events,
  });
}

async function checkData(
  job: TrainingJob,
  samples: Record<'training' | 'validation', readonly Sample[]>,
  given: Pick<PreparedData, 'model' | 'alphabet' | 'loader'> & { problems: GatheredProblems },
): Promise<PreparedData> {
  const { model: config, alphabet, loader, problems } = given;
  const { settings, events, signal } = job;
  const { pattern } = settings.decoder;
  const automaton =
    pattern === undefined
      ? undefined
      : await problems.try(() => compilePattern(pattern, alphabet.characters));
  const need = trainingNeed(config, alphabet.size + 1);
  const widthPx = columnsThatFit(need, job.memoryBytes ?? tensorMemoryBytes());
  const skip = job.skipBad === undefined ? noSkipList : readSkipList(job.cwd, job.skipBad);
  const checking = { config, loader, skip, events, signal, widestPx: widthPx };
  const checked = await problems.try(() =>
    checkImages(samples.training, 'check training images', {
      ...checking,
      source: job.train,
      known: knownImages(job, job.train),
    }),
  );
  const { train: source } = job;
  await problems.try(() => {
    if (checked) refuseLongLabels(checked.samples, { config, source });
  });
  // One that is too wide to be read is refused by the loader.
  const onlyRead = { ...checking, source: job.val, known: knownImages(job, job.val), widestPx: Infinity };
  const read = await problems.try(() => checkImages(samples.validation, 'check validation images', onlyRead));
  const [training, validation] = problems.settled(checked, read);
  skip.report(events);
  reportShared(training.imageIds, validation.imageIds, job);
  reportStrangers(validation.samples, alphabet, job);
  if (automaton) reportMismatches([training.samples, validation.samples], { alphabet, automaton, job });
  return {
    model: config,
    alphabet,
    training: setOf(training),
    validation: setOf(validation),
    loader,
    widthPx,
  };
}

/** Without what only the check needs. */
function setOf({ samples, id }: CheckedSet): DataSet {
  return { samples, id };
}

/** One file for each manifest. */
function knownImages({ cwd, knownImages: folder }: TrainingJob, manifest: string): KnownImages | undefined {
  if (folder === undefined) return undefined;
  return new KnownImages(join(folder, contentIdOf(resolve(cwd, manifest)).slice(0, NAME_DIGITS)));
}

/** In characters. */
function longestLabel(samples: readonly Sample[]): number {
  return samples.reduce((longest, { text }) => Math.max(longest, characters(text).length), 0);
}

/** Figures over images that training has seen are too good: one manifest twice, parts of two splits, or copies of images. */
function reportShared(
  training: readonly ContentId[],
  validation: readonly ContentId[],
  { events }: TrainingJob,
): void {
  const seen = new Set(training);
  const count = validation.filter((id) => seen.has(id)).length;
  if (count === 0) return;
  events({
    type: 'note',
    level: 'warning',
    code: 'validation-in-training',
    message: `${count} of ${validation.length} validation images are training images too, byte for byte: their figures say nothing about new images`,
  });
}

function reportStrangers(samples: SampleTable, alphabet: Alphabet, { events }: TrainingJob): void {
  const found = strangers(samples, alphabet);
  if (found.length === 0) return;
  const list = found
    .slice(0, 10)
    .map(([character, labels]) => `${describeCharacter(character)} in ${countText(labels, 'label')}`);
  const [are, count] = found.length === 1 ? ['is', 'counts as an error'] : ['are', 'count as errors'];
  events({
    type: 'note',
    level: 'warning',
    code: 'validation-outside-alphabet',
    message: `${countText(found.length, 'character')} of the validation labels ${are} not in the training labels and ${count}: ${list.join(', ')}`,
  });
}

/** A label that the pattern forbids will never be read. */
function reportMismatches(
  parts: readonly SampleTable[],
  { alphabet, automaton, job }: { alphabet: Alphabet; automaton: PatternAutomaton; job: TrainingJob },
): void {
  const others = parts.flatMap((samples) =>
    [...samples].filter(({ text }) => {
      const label = alphabet.encode(text);
      return label === undefined || !matches(automaton, label);
    }),
  );
  if (others.length === 0) return;
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const named = others.slice(0, 5).map(({ name, text }) => `'${text}' of ${name}`);
  job.events({
    type: 'note',
    level: 'warning',
    code: 'labels-outside-pattern',
    message: `${others.length} of ${total} labels do not match 'decoder.pattern' and will not be read: ${named.join(', ')}`,
  });
}
