// `node stuck-child.mjs IMAGE…`: checks images with little patience, prints notes and what is found, and ends.
const { ImageLoader } = await import(
  new URL('../../../.cache/modules/ocr/loading/image-loader.js', import.meta.url).href
);
const loader = new ImageLoader({
  options: { channels: 1, fit: { mode: 'pad', heightPx: 16 } },
  augment: {},
  seed: 1,
  limitBytes: 0,
  patience: { tellMs: 2000, giveUpMs: 6000 },
  events: ({ code, message }) => {
    console.log(`${code}: ${message}`);
  },
});
const all = await loader.check(process.argv.slice(2), { onDone: () => undefined });
for (const found of all) console.log('code' in found ? `${found.code} ${found.message}` : 'readable');
await loader.close();
process.exit(1);
