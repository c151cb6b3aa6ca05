import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { checkOutputFiles, outputFile } from '../base/outputs.js';
import { joinSamples, type NamedSamples } from '../ocr/formats/join-samples.js';
import { manifestKind, writeManifest } from '../ocr/formats/manifest.js';
import { readSamples, type SampleSet } from '../ocr/formats/read-samples.js';
import type { Skipped } from '../ocr/formats/sample.js';
import { verifyImages } from '../ocr/images/verify.js';
import { withShownPaths } from './shown-paths.js';

export interface ConvertInput {
  /** At least one; the manifest has the samples of all, in this order. */
  sources: readonly string[];
  out: string;
  images?: string | undefined;
  format?: string | undefined;
  field?: string | undefined;
  strict?: boolean | undefined;
}

export interface ConvertResult {
  /** The formats that the sources were read as, each once, with commas between them. */
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
  return withShownPaths(call.cwd, () => convertSources(input, call));
}

async function convertSources(input: ConvertInput, call: Call): Promise<ConvertResult> {
  const { out } = input;
  const file = outputFile('--out', call.cwd, out, manifestKind);
  checkOutputFiles(
    [file],
    input.sources.map((source) => resolve(call.cwd, source)),
  );
  const sets: (SampleSet & NamedSamples)[] = [];
  for (const source of input.sources) sets.push({ source, ...(await readSource(source, input, call)) });
  const samples = joinSamples(sets);
  await verifyImages(
    samples.map((sample) => sample.image),
    call,
  );
  call.signal.throwIfAborted();
  writeManifest(file.path, samples);
  return {
    format: [...new Set(sets.map(({ format }) => format))].join(', '),
    out,
    count: samples.length,
    examples: samples.slice(0, EXAMPLES).map(({ name, text }) => ({ image: name, text })),
    skipped: sets.flatMap(({ skipped }) => skipped),
  };
}

function readSource(source: string, { images, ...input }: ConvertInput, call: Call): Promise<SampleSet> {
  return readSamples(resolve(call.cwd, source), {
    images: images === undefined ? undefined : resolve(call.cwd, images),
    format: input.format,
    field: input.field,
    strict: input.strict,
    shownAs: source,
    events: call.events,
    signal: call.signal,
  });
}
