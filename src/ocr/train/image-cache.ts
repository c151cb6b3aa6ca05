import { loadImage, type Pixels } from '../images/load.js';
import { imageFit, type ModelConfig } from '../models/model-config.js';

/** Decoded images at the model's height, kept in memory while there is room. */
export interface ImageCache {
  /** Throws `image-unreadable`, naming the file. */
  load(file: string): Promise<Pixels>;
  /** True while another image would be kept. */
  hasRoom(): boolean;
}

export function imageCache(config: ModelConfig, limitBytes: number): ImageCache {
  const kept = new Map<string, Pixels>();
  const options = { channels: config.channels, fit: imageFit(config) };
  let bytes = 0;
  return {
    hasRoom: () => bytes < limitBytes,
    async load(file) {
      const known = kept.get(file);
      if (known !== undefined) return known;
      const pixels = await loadImage(file, options);
      if (!kept.has(file) && bytes + pixels.data.length <= limitBytes) {
        kept.set(file, pixels);
        bytes += pixels.data.length;
      }
      return pixels;
    },
  };
}
