import { dirname, resolve } from 'node:path';
import type { EventSink } from '../../base/events.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { isManifest, readSource, type Detected } from './detect.js';
import type { Entry } from './format.js';
import { imageIndex, type ImageIndex } from './image-index.js';
import { readWholeManifest } from './manifest.js';
import type { Sample, Skipped } from './sample.js';
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
 * Reads a manifest, or any other known format directly. Images are found but not opened. Throws (exit code 2) what
 * the formats throw, `samples-unusable` with `strict`, and `no-usable-samples`.
 */
export async function readSamples(source: string, options: ReadOptions = {}): Promise<SampleSet> {
  const auto = options.format === undefined || options.format === 'auto';
  if (options.format === 'manifest' || (auto && isManifest(source))) {
    return { format: 'manifest', samples: await readWholeManifest(source, options.signal), skipped: [] };
  }
  const found = readSource(source, options.format, options);
  if (options.strict === true) refuseSkipped(source, found.skipped);
  if (found.entries.length === 0) throw nothingUsable(source, found);
  const labels = found.file === undefined ? source : dirname(found.file);
  const index = imageIndex(resolve(options.images ?? labels), options.signal);
  const samples = findImages(found.entries, index);
  return {
    format: found.format,
    samples: samples.sort((a, b) => compareNames(a.name, b.name)),
    skipped: found.skipped,
  };
}

/** At most this many labels are named in one message. */
const NAMED = 20;

/** One error for all labels whose image is missing; any other failure at once. */
function findImages(entries: readonly Entry[], index: ImageIndex): Sample[] {
  const samples: Sample[] = [];
  const missing: OcrpipeError[] = [];
  for (const entry of entries) {
    try {
      samples.push(toSample(entry, index));
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.code !== 'image-missing') throw error;
      missing.push(error);
    }
  }
  const [first] = missing;
  if (first === undefined) return samples;
  if (missing.length === 1) throw first;
  const lines = missing.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  const more = missing.length > NAMED ? `\n  and ${missing.length - NAMED} more` : '';
  const what = `${missing.length} of ${entries.length} labels have no image:${lines.join('')}${more}`;
  throw userError('image-missing', what, first.hint === undefined ? {} : { hint: first.hint });
}

function toSample(entry: Entry, index: ImageIndex): Sample {
  const { text, more } = entry;
  if ('file' in entry.image) return { image: resolve(entry.image.file), name: entry.name, text, more };
  const { path, name } = index.find(entry.image.reference, entry.name);
  return { image: path, name, text, more };
}

function refuseSkipped(source: string, skipped: readonly Skipped[]): void {
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
