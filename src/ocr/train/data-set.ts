import { createHash } from 'node:crypto';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { placeOf } from '../formats/place-of.js';
import { together } from '../formats/problems.js';
import type { Sample } from '../formats/sample.js';
import { imageTooWide } from '../images/load.js';
import type { Found, ImageLoader } from '../loading/image-loader.js';
import type { KnownImages } from '../loading/known-images.js';
import { statingLine } from '../formats/stating-line.js';
import { unreadableImages } from '../images/unreadable.js';
import { inputExtent, type ModelConfig } from '../models/model-config.js';
import { describeCharacter, learnAlphabet, alphabetOf, type Alphabet } from '../text/alphabet.js';
import { characters } from '../text/code-points.js';
import { SampleTable, type CheckedSample } from './sample-table.js';
import type { SkipList } from './skip-list.js';

/** Samples with the content id of their images and labels, in order. */
export interface DataSet {
  samples: SampleTable;
  id: string;
}

/** What was checked, with the content id of each image, in order. */
export interface CheckedSet extends DataSet {
  imageIds: ContentId[];
}

/** The alphabet of the training labels, or the given one if it has all their characters (`label-outside-alphabet`). */
export function trainingAlphabet(
  samples: readonly Sample[],
  given: string | readonly string[] | undefined,
  file: string,
): Alphabet {
  if (given === undefined) return learnAlphabet(samples.map(({ text }) => text));
  const alphabet = alphabetOf(given);
  const problems = samples.flatMap((sample) => {
    const [missing] = alphabet.missing(sample.text);
    return missing === undefined ? [] : [outsideAlphabet(sample, missing, file)];
  });
  if (problems.length === 0) return alphabet;
  throw together(
    problems,
    `${problems.length} of ${samples.length} labels have characters that the given alphabet lacks`,
  );
}

function outsideAlphabet({ text, line, name }: Sample, missing: string, file: string): OcrpipeError {
  const place = line === undefined ? file : `${file}:${line}`;
  return userError(
    'label-outside-alphabet',
    `${place}: the label '${text}' of ${name} has ${describeCharacter(missing)}, which the given alphabet lacks`,
    {
      location: placeOf({ line }, file),
      hint: "Add the character to 'train.alphabet', correct the label, or leave 'train.alphabet' out to learn it from the labels.",
    },
  );
}

/** What `checkImages` needs besides the samples. */
export interface Checking {
  config: ModelConfig;
  loader: ImageLoader;
  /** The file that the samples come from, as it was typed: for messages. */
  source: string;
  /** Images that an earlier training decoded, if that is remembered. */
  known: KnownImages | undefined;
  /** An image wider than this is refused: `image-too-wide`. */
  widestPx: number;
  /** Samples whose images may be left out if they are bad. */
  skip: SkipList;
  events: EventSink;
  signal: AbortSignal | undefined;
}

/**
 * Decodes every image once that is not known, so that one that cannot be used is known before the first step and not after an hour.
 * Throws `images-unreadable` (exit code 2) naming the first few of all that are broken or too wide and may not be left out, and
 * `no-usable-samples` if nothing is left.
 */
export async function checkImages(
  samples: readonly Sample[],
  key: string,
  checking: Checking,
): Promise<CheckedSet> {
  const { loader, source, known, events, signal } = checking;
  const files = samples.map(({ image }) => image);
  const onDone = (done: number): void => {
    events({ type: 'progress', key, done, total: samples.length, unit: 'files' });
  };
  const found = await loader.check(files, { onDone, signal, known }).finally(() => {
    events({ type: 'progress-end', key });
  });
  known?.save();
  const { checked, broken } = sortOut(samples, found, checking);
  if (broken.length > 0) throw await refused(broken, samples.length, source);
  if (checked.samples.length === 0) throw nothingLeft(source);
  return checked;
}

/** A sample whose image cannot be used, and why. */
interface Broken {
  sample: Sample;
  error: OcrpipeError;
}

function sortOut(
  samples: readonly Sample[],
  found: readonly Found[],
  { config, widestPx, skip }: Checking,
): { checked: CheckedSet; broken: Broken[] } {
  const checked: CheckedSet = { samples: new SampleTable(), id: '', imageIds: [] };
  const broken: Broken[] = [];
  const hash = createHash('sha256');
  for (const [index, sample] of samples.entries()) {
    const image = usable(sample, found[index]!, { heightPx: config.height, widestPx });
    const isBad = image instanceof OcrpipeError;
    const mayGo = skip.lists(sample, isBad);
    if (isBad) {
      if (!mayGo) broken.push({ sample, error: image });
      continue;
    }
    const text = sample.text.normalize('NFC');
    const extent = inputExtent(config, image.widthPx);
    hash.update(
      `${checked.samples.length === 0 ? '' : '\n'}${JSON.stringify([sample.name, text, image.id])}`,
    );
    checked.samples.add({ ...sample, text, ...extent, image: image.image });
    checked.imageIds.push(image.id);
  }
  checked.id = hash.digest('hex');
  return { checked, broken };
}

function usable(
  { image }: Sample,
  found: Found,
  { heightPx, widestPx }: { heightPx: number; widestPx: number },
): Found {
  if (found instanceof OcrpipeError || found.widthPx <= widestPx) return found;
  return imageTooWide(image, { heightPx, widthPx: found.widthPx }, widestPx);
}

async function refused(broken: readonly Broken[], total: number, source: string): Promise<OcrpipeError> {
  const located = await Promise.all(
    broken.map(({ sample, error }) =>
      statingLine(sample, source, () => Promise.reject(error)).catch((reason: unknown) => reason),
    ),
  );
  return unreadableImages(located as OcrpipeError[], total, SKIP_HINT);
}

const SKIP_HINT =
  "Replace what cannot be read, or list it, one name a line, in a file for '--skip-bad' to train without it.";

function nothingLeft(source: string): OcrpipeError {
  return userError('no-usable-samples', `no image of ${source} can be read: all are left out`, {
    location: { file: source },
    hint: 'Replace the images, or name another manifest.',
  });
}

/**
 * Refuses labels that the model cannot write for their image (`label-too-long`, exit code 2): CTC needs one time step a character,
 * and one more between two equal ones; attention writes up to `maxLength` characters. `source` is the file that the samples come
 * from, as it was typed.
 */
export function refuseLongLabels(
  samples: SampleTable,
  { config, source }: Pick<Checking, 'config' | 'source'>,
): void {
  const limit = labelLimit(config);
  const tooLong: OcrpipeError[] = [];
  for (const sample of samples) {
    const needed = limit.needs(characters(sample.text));
    if (needed > limit.gives(sample)) tooLong.push(labelTooLong(sample, needed, { limit, source }));
  }
  if (tooLong.length === 0) return;
  throw together(tooLong, `${tooLong.length} of ${samples.length} labels do not fit their images`);
}

function labelTooLong(
  sample: CheckedSample,
  needed: number,
  { limit: { gives, what, hint }, source }: { limit: LabelLimit; source: string },
): OcrpipeError {
  const { line, name, text } = sample;
  const place = line === undefined ? source : `${source}:${line}`;
  return userError(
    'label-too-long',
    `${place}: the label '${text}' of ${name} needs ${needed} ${what[0]}, ${what[1]} gives ${gives(sample)}`,
    { location: placeOf({ line }, source), hint },
  );
}

interface LabelLimit {
  needs: (label: readonly string[]) => number;
  gives: (sample: CheckedSample) => number;
  /** What it needs and gives, and what gives it. */
  what: readonly [string, string];
  hint: string;
}

function labelLimit(config: ModelConfig): LabelLimit {
  const wrong = 'a label may also be wrong.';
  switch (config.type) {
    case 'attention':
      return {
        needs: ({ length }) => length,
        gives: () => config.maxLength ?? Infinity,
        what: ['steps', 'the model'],
        hint: `Raise 'model.maxLength', or leave it out to learn it from the labels; ${wrong}`,
      };
    case 'fcnn-lstm':
      return {
        needs: stepsNeeded,
        gives: ({ steps }) => steps,
        what: ['steps', 'the model'],
        hint: `Raise 'model.outputLength', the time steps of every image; ${wrong}`,
      };
    default:
      return {
        needs: stepsNeeded,
        gives: ({ steps }) => steps,
        what: ['time steps', 'its image'],
        hint: `A smaller 'model.widthStride' or a larger 'model.height' gives more time steps; ${wrong}`,
      };
  }
}

/** The time steps that CTC needs at least for a label. */
function stepsNeeded(label: readonly string[]): number {
  let needed = label.length;
  for (let index = 1; index < label.length; index += 1) if (label[index] === label[index - 1]) needed += 1;
  return needed;
}

/** How often each character outside the alphabet occurs, most frequent first. */
export function strangers(samples: SampleTable, alphabet: Alphabet): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of samples.texts()) {
    for (const character of alphabet.missing(text)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
