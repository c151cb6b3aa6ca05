import { z } from 'zod';
import { inputExtent, type ModelConfig } from './model-config.js';

/** What an image goes through before a model sees it, in words for other programs: docs/models.md explains each step. */
export const preprocessingSchema = z.object({
  colour: z.enum(['grey', 'rgb']),
  /** Pixels that the image is scaled to. */
  height: z.int(),
  /** `pad`: in proportion; `stretch`: to `width`; `pad-then-squeeze`: in proportion up to `width`. */
  fit: z.enum(['pad', 'stretch', 'pad-then-squeeze']),
  /** Pixels; null where the image's own decides. */
  width: z.int().nullable(),
  /** White is added on the right up to a multiple of so many pixels. */
  widthMultiple: z.int(),
  /** What 0 and 255 become. */
  black: z.literal(-1),
  white: z.literal(1),
});

export type Preprocessing = z.infer<typeof preprocessingSchema>;

export function preprocessingOf(config: ModelConfig): Preprocessing {
  return {
    colour: config.channels === 1 ? 'grey' : 'rgb',
    height: config.height,
    fit: config.fit,
    width: config.width ?? null,
    widthMultiple: inputExtent(config, 1).filledPx,
    black: -1,
    white: 1,
  };
}
