import type { EventSink } from '../../base/events.js';
import { readWholeManifest } from './manifest.js';
import type { Sample, Skipped } from './sample.js';

export interface ReadOptions {
  /** Where the images are, for formats that name them by URL or from elsewhere. */
  images?: string;
  /** The format's name, or 'auto' (the default): found by looking. */
  format?: string;
  /** Unusable entries are errors instead of being skipped. */
  strict?: boolean;
  events?: EventSink;
  signal?: AbortSignal;
}

/** What a source of any format holds. */
export interface SampleSet {
  /** The name of the format it was read as. */
  readonly format: string;
  /** In an order that depends on the source alone, never on the file system. At least one. */
  readonly samples: readonly Sample[];
  readonly skipped: readonly Skipped[];
}

/** Reads a manifest, or any other known format directly. */
export async function readSamples(source: string, options: ReadOptions = {}): Promise<SampleSet> {
  return { format: 'manifest', samples: await readWholeManifest(source, options.signal), skipped: [] };
}
