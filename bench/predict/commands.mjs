// Whole `ocrpipe predict` commands: over many files, with paths asked one by one on standard input, and stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median, OCRPIPE } from '../measure.mjs';

const MEASURED = join(import.meta.dirname, '..', 'measured.py');
const LIMIT_SECONDS = '3600';
const COUNTS = [1000, 10_000, 100_000];
/** Paths that are asked one by one, of which the first are not counted. */
const ASKED = 500;
const UNCOUNTED = 50;

/** `plates` are files; they are copied once, and each of many images is a hard link to one of the copies. */
export async function measureCommands({ folder, plates }, { rounds, most }) {
  const many = [];
  for (const count of COUNTS.filter((each) => each <= most)) {
    const images = linked(folder, plates, count);
    // The largest one takes minutes, and is read once.
    const runs = [];
    for (let round = 0; round < (count < 100_000 ? rounds : 1); round += 1)
      runs.push(await readAll(folder, images, count));
    const of = (key) => median(runs.map((run) => run[key]));
    const seconds = { wall: of('wall'), cpu: of('cpu'), firstLine: of('firstLine') };
    many.push({
      ...{ count, runs: runs.length },
      ...Object.fromEntries(Object.entries(seconds).map(([key, value]) => [key, round3(value)])),
      wallMsAnImage: round3((1000 * seconds.wall) / count),
      cpuMsAnImage: round3((1000 * seconds.cpu) / count),
      peakMb: Math.round(of('peak')),
    });
  }
  const images = linked(folder, plates, Math.min(most, 10_000));
  const stop = [];
  for (let round = 0; round < rounds; round += 1) stop.push(await stopped(folder, images));
  const ready = [];
  for (let round = 0; round < rounds; round += 1) ready.push(await askOneByOne(folder, plates));
  const middle = (key) => round3(median(ready.map((each) => each[key])));
  return {
    many,
    ready: { asked: ASKED, medianMs: middle('medianMs'), p99Ms: middle('p99Ms'), cpuMs: middle('cpuMs') },
    stop: { seconds: stop.map(round3), median: round3(median(stop)) },
  };
}

function linked(folder, plates, count) {
  const images = join(folder, 'images');
  rmSync(images, { recursive: true, force: true });
  mkdirSync(images);
  const copies = plates.map((plate, number) => {
    const copy = join(folder, `plate-${number}.jpg`);
    copyFileSync(plate, copy);
    return copy;
  });
  for (let number = 0; number < count; number += 1)
    linkSync(copies[number % copies.length], join(images, `${String(number).padStart(6, '0')}.jpg`));
  return images;
}

const predict = (folder, ...rest) => [
  ...OCRPIPE,
  ...['predict', '--backend', 'wasm', '--model', join(folder, 'model')],
  ...rest,
];

/** Reads a folder of images; every line must be there, in order. */
async function readAll(folder, images, count) {
  const usage = join(folder, 'usage.json');
  const start = performance.now();
  const child = spawn('python3', [MEASURED, usage, LIMIT_SECONDS, ...predict(folder, images)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let firstLine = 0;
  let lines = 0;
  for await (const line of createInterface(child.stdout)) {
    if (lines === 0) firstLine = (performance.now() - start) / 1000;
    if (!line.startsWith(join(images, `${String(lines).padStart(6, '0')}.jpg\t`)))
      throw new Error(`line ${lines + 1} is ${line}`);
    lines += 1;
  }
  if (lines !== count) throw new Error(`${lines} lines for ${count} images`);
  return { ...JSON.parse(readFileSync(usage, 'utf8')), firstLine };
}

/** Seconds from Ctrl-C to the end of a command that reads many images. */
async function stopped(folder, images) {
  const [command, ...args] = predict(folder, images);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => child.stdout.resume());
  await once(child.stdout, 'data');
  const start = performance.now();
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  if (code !== 130) throw new Error(`predict ended with ${code} after Ctrl-C`);
  return (performance.now() - start) / 1000;
}

/** Milliseconds from a path on standard input to its answer, each asked for when the one before is there. */
async function askOneByOne(folder, plates) {
  const [command, ...args] = predict(folder, '--format', 'jsonl', '-');
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const waited = [];
  let cpu = 0;
  for (let number = 0; number < ASKED; number += 1) {
    if (number === UNCOUNTED) cpu = cpuSeconds(child.pid);
    const path = plates[number % plates.length];
    const start = performance.now();
    child.stdin.write(`${path}\n`);
    const { image } = JSON.parse((await answers.next()).value);
    if (image !== path) throw new Error(`${image} was answered for ${path}`);
    if (number >= UNCOUNTED) waited.push(performance.now() - start);
  }
  cpu = cpuSeconds(child.pid) - cpu;
  child.stdin.end();
  await once(child, 'exit');
  const sorted = waited.sort((a, b) => a - b);
  const p99Ms = sorted[Math.floor(0.99 * sorted.length)];
  return { medianMs: median(sorted), p99Ms, cpuMs: (1000 * cpu) / sorted.length };
}

/** User and system time of a process until now, in hundredths. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function round3(value) {
  return Math.round(1000 * value) / 1000;
}
