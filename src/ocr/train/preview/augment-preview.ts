import type { OcrpipeError } from '../../../base/errors.js';
import { randomFrom, shuffled } from '../../../base/random.js';
import type { Sample } from '../../formats/sample.js';
import { augmentConfigSchema, type AugmentConfig, type EffectName } from '../../images/augment-config.js';
import { augment } from '../../images/augment.js';
import { loadImage, type LoadOptions, type Pixels } from '../../images/load.js';
import { isUnreadable } from '../../images/unreadable.js';
import { imageFit } from '../../models/model-config.js';
import type { TrainingSettings } from '../train-config.js';
import { rangeOf, SHOWN_EFFECTS } from './effect-amounts.js';

/** Images that are shown as they are and in each epoch. */
const IMAGES = 5;
/** Epochs that are shown. */
const EPOCHS = 4;
/** Images that each effect is shown on. */
const EFFECT_IMAGES = 3;
/** Broken images that are passed over before the preview gives up. */
const MOST_BROKEN = 20;

/** A training image, and what training makes of it. */
export interface PreviewedImage {
  name: string;
  text: string;
  original: Pixels;
  /** In the first epochs: all effects together, as training draws them. */
  epochs: Pixels[];
}

/** One effect alone, at its most. */
export interface PreviewedEffect {
  name: EffectName;
  /** False for one that is off: `pictures` then have a moderate amount. */
  isOn: boolean;
  min: number;
  max: number;
  probability: number;
  pictures: Pixels[];
}

export interface AugmentPreview {
  images: PreviewedImage[];
  effects: PreviewedEffect[];
  /** Images that were chosen and cannot be read. */
  broken: OcrpipeError[];
  /** Images of the training part. */
  total: number;
}

/** Some images of a training part, chosen by the seed, and what `augment` does to them. Nothing is trained. Throws `image-unreadable` if none can be shown. */
export async function previewAugment(
  samples: readonly Sample[],
  { model, train, augment: config }: TrainingSettings,
): Promise<AugmentPreview> {
  const options = { channels: model.channels, fit: imageFit(model) };
  const { chosen, broken } = await chooseImages(samples, options, train.seed);
  const images = chosen.map(({ sample, index, original }): PreviewedImage => {
    const inEpoch = (epoch: number): Pixels =>
      augment(original, config, randomFrom(train.seed, 'augment', epoch, index));
    const epochs = Array.from({ length: EPOCHS }, (_, epoch) => inEpoch(epoch));
    return { name: sample.name, text: sample.text, original, epochs };
  });
  const originals = images.slice(0, EFFECT_IMAGES).map(({ original }) => original);
  return { images, effects: previewEffects(originals, config, train.seed), broken, total: samples.length };
}

interface Chosen {
  sample: Sample;
  /** Its place in the training part. */
  index: number;
  original: Pixels;
}

async function chooseImages(samples: readonly Sample[], options: LoadOptions, seed: number) {
  const order = shuffled(
    samples.map((_, index) => index),
    randomFrom(seed, 'preview'),
  );
  const chosen: Chosen[] = [];
  const broken: OcrpipeError[] = [];
  for (const index of order) {
    if (chosen.length === IMAGES || broken.length === MOST_BROKEN) break;
    const sample = samples[index]!;
    try {
      chosen.push({ sample, index, original: await loadImage(sample.image, options) });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      broken.push(error);
    }
  }
  const [first] = broken;
  if (chosen.length === 0 && first) throw first;
  return { chosen: chosen.sort((a, b) => a.index - b.index), broken };
}

function previewEffects(
  originals: readonly Pixels[],
  config: AugmentConfig,
  seed: number,
): PreviewedEffect[] {
  const names = Object.keys(SHOWN_EFFECTS) as EffectName[];
  const visible = names.filter((name) => originals[0]?.channels === 3 || SHOWN_EFFECTS[name].colour !== true);
  return visible.map((name) => {
    const range = rangeOf(config, name);
    const isOn = range.max > 0 && range.probability > 0;
    const amount = isOn ? range.max : SHOWN_EFFECTS[name].moderate;
    const alone = augmentConfigSchema.parse({ [name]: { max: amount, min: amount, probability: 1 } });
    const pictures = originals.map((original, place) =>
      augment(original, alone, randomFrom(seed, 'preview', name, place)),
    );
    return { name, isOn, ...range, ...(isOn ? {} : { max: amount }), pictures };
  });
}
