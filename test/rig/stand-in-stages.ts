/**
 * A script that stands in for the stages of an OCR pipeline: it reads and writes the same paths as they do, in
 * milliseconds, deterministically, and notes in stages.log that it ran.
 */
export const STAND_IN_STAGE = `import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

const [name] = process.argv.slice(2);
const hash = (...parts) => createHash('sha256').update(parts.join('\\n')).digest('hex');
const read = (file) => readFileSync(file, 'utf8');
const param = (key) => Number(new RegExp(key + ': *(\\\\d+)').exec(read('params.yaml'))[1]);
const images = () => readdirSync('data/raw').sort();
const stages = {
  convert: () => write('data/all.txt', images().map((file) => file + ' ' + hash(read('data/raw/' + file)))),
  split: () => {
    const lines = read('data/all.txt').trim().split('\\n');
    const inTest = (line) => hash(param('seed'), line.split(' ')[0])[0] < '4';
    write('data/split/train.txt', lines.filter((line) => !inTest(line)));
    write('data/split/test.txt', lines.filter(inTest));
  },
  train: () => {
    const pixels = images().map((file) => read('data/raw/' + file));
    write('models/plate/weights.txt', [hash(read('data/split/train.txt'), param('epochs'), ...pixels), param('epochs')]);
  },
  evaluate: () => {
    const [weights, epochs] = read('models/plate/weights.txt').split('\\n');
    const exact = parseInt(hash(weights, read('data/split/test.txt')).slice(0, 4), 16) / 65536;
    write('reports/test.json', [JSON.stringify({ exact, epochs: Number(epochs), count: 10 })]);
  },
};
function write(file, lines) {
  mkdirSync(file.replace(/\\/[^/]*$/, ''), { recursive: true });
  writeFileSync(file, lines.join('\\n') + '\\n');
}
stages[name]();
appendFileSync('stages.log', name + '\\n');
`;
