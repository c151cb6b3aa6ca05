import { resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { checkOutputFiles, outputFile } from '../base/outputs.js';
import { withShownPaths } from './shown-paths.js';

/** Where parameters are looked for when no file is named. */
const DEFAULT_PARAMS = 'params.yaml';

export interface PreviewAugmentInput {
  /** The page that is written. */
  previewAugment: string;
  train: string;
  params?: string | undefined;
  /** KEY=VALUE, in place of values of the parameter file. */
  set?: readonly string[] | undefined;
  /** Wins over the file's section `train`. */
  seed?: number | undefined;
}

export interface PreviewAugmentResult {
  page: string;
  /** Images that are shown. */
  images: number;
  /** Effects that are on. */
  effects: string[];
}

/** Writes a page that shows what training would make of some of its images; trains nothing. */
export async function previewAugment(input: PreviewAugmentInput, call: Call): Promise<PreviewAugmentResult> {
  return withShownPaths(call.cwd, () => writePreview(input, call));
}

async function writePreview(input: PreviewAugmentInput, call: Call): Promise<PreviewAugmentResult> {
  const { readTrainingSettings } = await import('../ocr/train/read-params.js');
  const { readSamples } = await import('../ocr/formats/read-samples.js');
  const { previewAugment: makePreview } = await import('../ocr/train/preview/augment-preview.js');
  const { previewPage, previewKind } = await import('../ocr/train/preview/preview-page.js');
  const { events, signal } = call;
  const params = resolve(call.cwd, input.params ?? DEFAULT_PARAMS);
  const manifest = resolve(call.cwd, input.train);
  const page = outputFile('--preview-augment', call.cwd, input.previewAugment, previewKind);
  checkOutputFiles([page], [manifest, params]);
  const settings = readTrainingSettings(params, {
    required: input.params !== undefined,
    set: input.set ?? [],
    overrides: input.seed === undefined ? {} : { seed: input.seed },
    shownAs: input.params ?? DEFAULT_PARAMS,
    events,
  });
  const { samples } = await readSamples(manifest, { events, signal, shownAs: input.train });
  const preview = await makePreview(samples, settings);
  signal.throwIfAborted();
  const origin = { manifest: input.train, params: input.params ?? DEFAULT_PARAMS, settings };
  writeFileAtomic(page.path, await previewPage(preview, origin));
  const effects = preview.effects.filter(({ isOn }) => isOn).map(({ name }) => name);
  return { page: input.previewAugment, images: preview.images.length, effects };
}
