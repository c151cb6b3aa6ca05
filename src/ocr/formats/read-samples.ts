import { dirname, resolve } from 'node:path';
import { noEvents, type EventSink } from '../../base/events.js';
import { userError } from '../../base/errors.js';
import { refuseBadLabels } from './check-labels.js';
import { isManifest, readSource, type Detected } from './detect.js';
import type { Unusable } from './format.js';
import { imageIndex } from './image-index.js';
import { readWholeManifest } from './manifest.js';
import { matchImages, type Matched } from './match-images.js';
import type { Sample, Skipped } from './sample.js';
import { shownName } from './shown-name.js';
import { compareNames } from './walk.js';

export interface ReadOptions {
  /** Where the images are; default: the folder of the labels. */
  images?: string | undefined;
  /** The format's name, or 'auto' (the default): found by looking. */
  format?: string | undefined;
  /** The field that holds the text, where a source has several. */
  field?: string | undefined;
  /** Unusable entries are errors (`samples-unusable`) instead of being skipped. */
  strict?: boolean | undefined;
  /** What notes call the source; default: its path. */
  shownAs?: string | undefined;
  events?: EventSink | undefined;
  signal?: AbortSignal | undefined;
}

/** What a source of any format holds. */
export interface SampleSet {
  /** The name of the format it was read as. */
  readonly format: string;
  /** At least one. A manifest's own order, otherwise sorted by image name: never the order of a file system. */
  readonly samples: readonly Sample[];
  readonly skipped: readonly Skipped[];
}

/**
 * Reads a manifest, or any other known format directly. Images are found but not opened. Notes say what was skipped
 * (`labels-skipped`) and which images were found by less than their path (`images-by-name`). Throws (exit code 2) what
 * the formats throw, `image-missing` and `image-ambiguous` (see {@link matchImages}), what {@link refuseBadLabels}
 * throws, `samples-unusable` with `strict`, and `no-usable-samples`.
 */
export async function readSamples(source: string, options: ReadOptions = {}): Promise<SampleSet> {
  const auto = options.format === undefined || options.format === 'auto';
  if (options.format === 'manifest' || (auto && isManifest(source))) {
    const samples = await readWholeManifest(source, options.signal);
    refuseBadLabels(samples, source);
    return { format: 'manifest', samples, skipped: [] };
  }
  const found = readSource(source, options.format, options);
  if (options.strict === true) refuseSkipped(source, found.skipped);
  if (found.entries.length === 0) throw nothingUsable(source, found);
  const matched = findImages(source, found, options);
  const samples = matched.map(toSample).sort((a, b) => compareNames(a.name, b.name));
  refuseBadLabels(samples, found.file ?? source);
  const skipped = found.skipped.map(({ name, reason }) => ({ name, reason }));
  noteSkipped(skipped, samples.length, { source, ...options });
  noteGuessed(matched, { source, ...options });
  return { format: found.format, samples, skipped };
}

function findImages(source: string, found: Detected, options: ReadOptions): Matched[] {
  const { entries, skipped, file } = found;
  const labels = file === undefined ? source : dirname(file);
  const index = imageIndex(resolve(options.images ?? labels), options.signal);
  return matchImages({ entries, taken: skipped.flatMap(({ reference }) => reference ?? []), index, file });
}

function toSample({ entry: { text, more, line }, image }: Matched): Sample {
  const sample = { image: resolve(image.path), name: image.name, text, more };
  return line === undefined ? sample : { ...sample, line };
}

interface Noting {
  source: string;
  shownAs?: string | undefined;
  events?: EventSink | undefined;
}

/** At most this many skipped entries are named in a note. */
const NAMED = 20;

function noteSkipped(
  skipped: readonly Skipped[],
  used: number,
  { source, shownAs, events = noEvents }: Noting,
): void {
  if (skipped.length === 0) return;
  const more = skipped.length - NAMED;
  const lines = skipped.slice(0, NAMED).map(({ name, reason }) => `\n  ${shownName(name)}: ${reason}`);
  const message = `${shownAs ?? source}: ${skipped.length} of ${skipped.length + used} entries are skipped:${lines.join('')}`;
  events({
    type: 'note',
    level: 'info',
    code: 'labels-skipped',
    message: more > 0 ? `${message}\n  and ${more} more` : message,
  });
}

function noteGuessed(matched: readonly Matched[], { source, shownAs, events = noEvents }: Noting): void {
  const guessed = matched.filter(({ guessedFrom }) => guessedFrom !== undefined);
  const doubtful = guessed.filter((one) => one.doubtful);
  const [example] = [...doubtful, ...guessed];
  if (example === undefined) return;
  const pair = `${shownName(example.guessedFrom ?? '')} as ${example.image.name}`;
  const how = 'not found by their path but by the end of it';
  const message = `${shownAs ?? source}: ${guessed.length} of ${matched.length} images were ${how}, for example ${pair}`;
  events({
    type: 'note',
    level: doubtful.length > 0 ? 'warning' : 'info',
    code: 'images-by-name',
    message:
      doubtful.length > 0 ? `${message}; ${doubtful.length} of them are in folders of other names` : message,
  });
}

function refuseSkipped(source: string, skipped: readonly Unusable[]): void {
  const [first] = skipped;
  if (!first) return;
  throw userError(
    'samples-unusable',
    `${source}: ${skipped.length} unusable, the first is ${first.name} (${first.reason})`,
    { location: { file: source }, hint: 'Correct them, or leave out --strict to skip them.' },
  );
}

function nothingUsable(source: string, found: Detected): Error {
  const [first] = found.skipped;
  const why = first ? `: ${found.skipped.length} skipped, the first is ${first.name} (${first.reason})` : '';
  return userError('no-usable-samples', `${source} (read as ${found.format}) holds no usable label${why}`, {
    location: { file: source },
  });
}
