import { loadImage, type LoadOptions, type Pixels } from '../images/load.js';

/** Decoded images as `options` say, kept in memory while there is room. */
export interface ImageCache {
  /** Throws `image-unreadable` and `image-too-wide`, naming the file. */
  load(file: string): Promise<Pixels>;
  /** True while another image would be kept. */
  hasRoom(): boolean;
}

export function imageCache(options: LoadOptions, limitBytes: number): ImageCache {
  const kept = new Map<string, Pixels>();
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
