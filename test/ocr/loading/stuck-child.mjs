// `node stuck-child.mjs IMAGE`: checks the image with little patience, prints the code of what is found, and ends.
const { ImageLoader } = await import(
  new URL('../../../.cache/modules/ocr/loading/image-loader.js', import.meta.url).href
);
const loader = new ImageLoader({
  options: { channels: 1, fit: { mode: 'pad', heightPx: 16 } },
  augment: {},
  seed: 1,
  limitBytes: 0,
  patience: { tellMs: 200, giveUpMs: 500 },
  events: () => undefined,
});
const [found] = await loader.check([process.argv[2]], { onDone: () => undefined });
console.log(found.code);
await loader.close();
process.exit(1);
