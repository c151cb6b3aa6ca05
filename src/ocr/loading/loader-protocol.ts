import type { ContentId } from '../../base/content-id.js';
import type { ErrorDetails } from '../../base/errors.js';
import type { AugmentConfig } from '../images/augment-config.js';
import type { FittedOptions, UprightSize } from '../images/load.js';
import type { Frame } from '../images/pack-images.js';
import type { StampedImage } from './known-images.js';

/** What every loader thread knows from its start. */
export interface LoaderData {
  options: FittedOptions;
  augment: AugmentConfig;
  /** Of augmentation. */
  seed: number;
}

/** Looks at images for the first time: decodes them to their end. */
export interface CheckRequest {
  kind: 'check';
  files: readonly string[];
  /** Gives the pixels back as well. */
  keep: boolean;
  /** What is known of each file: one that still is the same is not decoded. Without it nothing of this is looked at. */
  known: { before: readonly (StampedImage | undefined)[]; settledMs: number } | undefined;
}

/** In the order of the files. The pixels of all stand one after the other in `pixels`, if they were to be kept. */
export interface CheckAnswer {
  kind: 'check';
  images: (CheckedImage | ErrorParts)[];
  pixels: SharedArrayBuffer | undefined;
}

/** An image that can be read. */
export interface CheckedImage {
  upright: UprightSize;
  widthPx: number;
  /** Content id of the file. */
  id: ContentId;
  /** Where its pixels begin among those kept; undefined for one that was not decoded. */
  offset: number | undefined;
  /** What tells the file that was read, if known images were asked for and it can be told. */
  stamp: string | undefined;
}

/** An image that was checked: where its pixels are, in memory or in the file. */
export interface ImageSource {
  file: string;
  heightPx: number;
  widthPx: number;
  kept: { pixels: SharedArrayBuffer; offset: number } | undefined;
  /** True where the pixels are to be given back, too, so that they can be kept. */
  keep: boolean;
}

/** An image to vary, by random numbers that have these names under the seed. */
export interface WantedImage {
  source: ImageSource;
  streams: readonly number[];
}

/** The images of one training step, in parts that are computed one after the other. */
export interface BatchRequest {
  kind: 'batch';
  parts: readonly { images: readonly WantedImage[]; frame: Frame }[];
}

/** The packed images of each part: see `packImages`. */
export interface BatchAnswer {
  kind: 'batch';
  parts: Float32Array<ArrayBuffer>[];
  /** Pixels that are to be kept: where those of which image, counted over all parts, begin in `pixels`. */
  decoded: { items: { item: number; offset: number }[]; pixels: SharedArrayBuffer };
}

/** One image as it is. */
export interface LoadRequest {
  kind: 'load';
  source: ImageSource;
}

export interface LoadAnswer {
  kind: 'load';
  pixels: Uint8Array<ArrayBuffer>;
}

export type LoaderRequest = CheckRequest | BatchRequest | LoadRequest;
export type LoaderAnswer = CheckAnswer | BatchAnswer | LoadAnswer;

/** An error of ours on its way between threads. */
export interface ErrorParts extends Omit<ErrorDetails, 'cause'> {
  code: string;
  message: string;
}
