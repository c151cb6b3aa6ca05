import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { checkOutputFiles, outputFile } from '../base/outputs.js';
import { manifestKind, writeManifest } from '../ocr/formats/manifest.js';
import { readSamples } from '../ocr/formats/read-samples.js';
import type { Skipped } from '../ocr/formats/sample.js';
import { verifyImages } from '../ocr/images/verify.js';
import { withShownPaths } from './shown-paths.js';

export interface ConvertInput {
  source: string;
  out: string;
  images?: string | undefined;
  format?: string | undefined;
  field?: string | undefined;
  strict?: boolean | undefined;
}

export interface ConvertResult {
  /** The format that the source was read as. */
  format: string;
  out: string;
  count: number;
  /** Up to three samples, as they are written. */
  examples: { image: string; text: string }[];
  skipped: readonly Skipped[];
}

const EXAMPLES = 3;

/** Reads labels of any known format, opens every image, and writes one manifest; nothing is written on an error. */
export async function convert(input: ConvertInput, call: Call): Promise<ConvertResult> {
  return withShownPaths(call.cwd, () => convertSource(input, call));
}

async function convertSource(input: ConvertInput, call: Call): Promise<ConvertResult> {
  const { out, images } = input;
  const source = resolve(call.cwd, input.source);
  const file = outputFile('--out', call.cwd, out, manifestKind);
  checkOutputFiles([file], [source]);
  const read = await readSamples(source, {
    images: images === undefined ? undefined : resolve(call.cwd, images),
    format: input.format,
    field: input.field,
    strict: input.strict,
    shownAs: input.source,
    events: call.events,
    signal: call.signal,
  });
  await verifyImages(
    read.samples.map((sample) => sample.image),
    call,
  );
  call.signal.throwIfAborted();
  writeManifest(file.path, read.samples);
  return {
    format: read.format,
    out,
    count: read.samples.length,
    examples: read.samples.slice(0, EXAMPLES).map(({ name, text }) => ({ image: name, text })),
    skipped: read.skipped,
  };
}
