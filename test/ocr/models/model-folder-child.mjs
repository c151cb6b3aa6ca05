// Saves a model, or reads it, again and again in a process of its own, or dies as it is about to: FOLDER write|read|die SEED TIMES.
const [, , folder, what, seed, times] = process.argv;
const load = (name) => import(new URL(`../../../.cache/modules/ocr/${name}.js`, import.meta.url).href);
const { openBackend } = await load('nn/backend');
const { alphabetOf } = await load('text/alphabet');
const { modelConfigSchema } = await load('models/model-config');
const { holdModelFolder } = await load('models/held-model-folder');
const { newRecogniser } = await load('models/recogniser');
const { readModelFolder, writeModelFolder } = await load('models/model-folder');

await openBackend('cpu');
const config = modelConfigSchema.parse({ height: 16, filters: [2, 3], innerDim: 8, units: 8 });
const origin = { training: { dataId: 'a', step: 1, seed: 1, backend: 'cpu' }, metrics: {} };

async function write(round) {
  const recogniser = newRecogniser(config, alphabetOf('ab'), Number(seed) + (round % 2));
  const weights = await recogniser.network.variables.read();
  const held = await holdModelFolder(folder);
  if (what === 'die') process.kill(process.pid, 'SIGKILL');
  writeModelFolder(held, recogniser, weights, origin);
  held.release();
  recogniser.network.dispose();
}

for (let round = 0; round < Number(times); round += 1) {
  if (what === 'read') readModelFolder(folder).recogniser.network.dispose();
  else await write(round);
}
