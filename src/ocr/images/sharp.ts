// The order matters: libvips reads its environment while it is loaded.
import './quiet-libvips.js';
import sharp from 'sharp';

// Line images are small: one thread an image, several images side by side; a cache of operations would only hold memory.
sharp.concurrency(1);
sharp.cache(false);

export { sharp };
