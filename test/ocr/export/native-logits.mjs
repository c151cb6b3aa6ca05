// Runs an exported folder in plain tfjs-node: native-logits.mjs FOLDER-OF-TFJS-NODE MODEL.JSON INPUT OUTPUT. INPUT is JSON {values, shape}.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [home, model, input, output] = process.argv.slice(2);
const tf = createRequire(pathToFileURL(join(home, 'package.json')))('@tensorflow/tfjs-node');
const { values, shape } = JSON.parse(readFileSync(input, 'utf8'));
const loaded = await tf.loadGraphModel(pathToFileURL(model).href);
const logits = await loaded.executeAsync({ images: tf.tensor4d(values, shape) });
const result = { backend: tf.getBackend(), logits: [...(await logits.data())], shape: logits.shape };
writeFileSync(output, JSON.stringify(result));
