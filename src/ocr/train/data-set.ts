import { readFile } from 'node:fs/promises';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';
import { imageTooWide } from '../images/load.js';
import { statingLine } from '../formats/stating-line.js';
import { unreadableImages } from '../images/unreadable.js';
import { inputExtent, type ModelConfig } from '../models/model-config.js';
import { describeCharacter, learnAlphabet, alphabetOf, type Alphabet } from '../text/alphabet.js';
import type { ImageCache } from './image-cache.js';

/** A label and an image that was seen to be readable. */
export interface CheckedSample {
  /** Absolute path of the image. */
  file: string;
  /** The image as its manifest names it. */
  name: string;
  /** NFC. */
  text: string;
  /** Time steps of its image, and the pixels of width that they take. */
  steps: number;
  filledPx: number;
  /** Content id of its image. */
  imageId: ContentId;
}

/** A checked sample whose label the model can learn. */
export interface TrainingSample extends CheckedSample {
  /** Class indices. */
  label: Int32Array;
}

/** Samples with the content id of their images and labels, in order. */
export interface DataSet<T> {
  samples: T[];
  id: string;
}

/** At most this many bad samples are named in one message. */
const NAMED = 5;
/** Images decoded at once. */
const AT_ONCE = 8;

/** The alphabet of the training labels, or the given one if it has all their characters (`label-outside-alphabet`). */
export function trainingAlphabet(
  samples: readonly Sample[],
  given: string | readonly string[] | undefined,
  file: string,
): Alphabet {
  if (given === undefined) return learnAlphabet(samples.map(({ text }) => text));
  const alphabet = alphabetOf(given);
  for (const { text, line, name } of samples) {
    const [missing] = alphabet.missing(text);
    if (missing === undefined) continue;
    const place = line === undefined ? file : `${file}:${line}`;
    throw userError(
      'label-outside-alphabet',
      `${place}: the label '${text}' of ${name} has ${describeCharacter(missing)}, which the given alphabet lacks`,
      {
        location: line === undefined ? { file } : { file, line },
        hint: "Add the character to 'train.alphabet', correct the label, or leave 'train.alphabet' out to learn it from the labels.",
      },
    );
  }
  return alphabet;
}

/** What `checkImages` needs besides the samples. */
export interface Checking {
  config: ModelConfig;
  cache: ImageCache;
  /** The file that the samples come from, as it was typed: for messages. */
  source: string;
  /** An image wider than this is refused: `image-too-wide`. */
  widestPx: number;
  events: EventSink;
  signal: AbortSignal | undefined;
}

/**
 * Decodes every image once, so that one that cannot be used is known before the first step and not after an hour.
 * Throws `images-unreadable` (exit code 2) naming the first few of all that are broken or too wide.
 */
export async function checkImages(
  samples: readonly Sample[],
  key: string,
  checking: Checking,
): Promise<DataSet<CheckedSample>> {
  const checked: CheckedSample[] = [];
  const lines: string[] = [];
  const broken: OcrpipeError[] = [];
  for (let start = 0; start < samples.length; start += AT_ONCE) {
    checking.signal?.throwIfAborted();
    const group = samples.slice(start, start + AT_ONCE);
    const results = await Promise.allSettled(
      group.map((sample) => statingLine(sample, checking.source, () => checkOne(sample, checking))),
    );
    for (const result of results) {
      if (result.status === 'fulfilled') {
        checked.push(result.value.sample);
        lines.push(result.value.line);
      } else if (result.reason instanceof OcrpipeError) broken.push(result.reason);
      else throw result.reason;
    }
    const done = start + group.length;
    checking.events({ type: 'progress', key, done, total: samples.length, unit: 'files' });
  }
  checking.events({ type: 'progress-end', key });
  if (broken.length > 0) throw unreadableImages(broken, samples.length);
  return { samples: checked, id: contentIdOf(lines.join('\n')) };
}

async function checkOne(
  sample: Sample,
  { config, cache, widestPx }: Checking,
): Promise<{ sample: CheckedSample; line: string }> {
  const pixels = await cache.load(sample.image);
  if (pixels.widthPx > widestPx) throw imageTooWide(sample.image, pixels, widestPx);
  const text = sample.text.normalize('NFC');
  const id = contentIdOf(await readFile(sample.image));
  return {
    sample: {
      file: sample.image,
      name: sample.name,
      text,
      ...inputExtent(config, pixels.widthPx),
      imageId: id,
    },
    line: JSON.stringify([sample.name, text, id]),
  };
}

/**
 * Adds the classes of each label and refuses labels that the model cannot write for their image (`label-too-long`, exit code 2):
 * CTC needs one time step a character, and one more between two equal ones; attention writes up to `maxLength` characters.
 */
export function encodeLabels(
  { samples, id }: DataSet<CheckedSample>,
  alphabet: Alphabet,
  config: ModelConfig,
): DataSet<TrainingSample> {
  const encoded = samples.map((sample) => ({ ...sample, label: alphabet.encode(sample.text)! }));
  const { needs, gives, hint } = labelLimit(config);
  const tooLong = encoded.filter((sample) => needs(sample.label) > gives(sample));
  const [first] = tooLong;
  if (first === undefined) return { samples: encoded, id };
  const names = tooLong.slice(0, NAMED).map(({ name }) => name);
  const [kind, giver] =
    config.type === 'crnn' || config.type === 'mixer' ? ['time steps', 'its image'] : ['steps', 'the model'];
  throw userError(
    'label-too-long',
    `${tooLong.length} of ${samples.length} labels do not fit their images: ${names.join(', ')} ` +
      `(${first.name}: '${first.text}' needs ${needs(first.label)} ${kind}, ${giver} gives ${gives(first)})`,
    { location: { file: first.file }, hint },
  );
}

interface LabelLimit {
  needs: (label: ArrayLike<number>) => number;
  gives: (sample: CheckedSample) => number;
  hint: string;
}

function labelLimit(config: ModelConfig): LabelLimit {
  const wrong = 'a label may also be wrong.';
  switch (config.type) {
    case 'attention':
      return {
        needs: ({ length }) => length,
        gives: () => config.maxLength ?? Infinity,
        hint: `Raise 'model.maxLength', or leave it out to learn it from the labels; ${wrong}`,
      };
    case 'fcnn-lstm':
      return {
        needs: stepsNeeded,
        gives: ({ steps }) => steps,
        hint: `Raise 'model.outputLength', the time steps of every image; ${wrong}`,
      };
    default:
      return {
        needs: stepsNeeded,
        gives: ({ steps }) => steps,
        hint: `A smaller 'model.widthStride' or a larger 'model.height' gives more time steps; ${wrong}`,
      };
  }
}

/** The time steps that CTC needs at least for a label. */
function stepsNeeded(label: ArrayLike<number>): number {
  let needed = label.length;
  for (let index = 1; index < label.length; index += 1) if (label[index] === label[index - 1]) needed += 1;
  return needed;
}

/** How often each character outside the alphabet occurs, most frequent first. */
export function strangers(samples: readonly CheckedSample[], alphabet: Alphabet): [string, number][] {
  const counts = new Map<string, number>();
  for (const { text } of samples) {
    for (const character of alphabet.missing(text)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
