// Packs everything that run.mjs needs into one file for a machine of this kind that has a GPU and nothing else, Node included.
//
//   node bench/train-gpu/pack.mjs FILE.tar.xz      after: node scripts/build-modules.mjs, scripts/webgpu.sh
//
// There: tar -xJf FILE.tar.xz && cd train-gpu && ./node bench/train-gpu/run.mjs. It needs the GPU's Vulkan driver and libvulkan.so.1.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';

const target = process.argv[2];
if (target === undefined) throw new Error('usage: node bench/train-gpu/pack.mjs FILE.tar.xz');
const webgpu = process.env.OCRPIPE_WEBGPU_DIR ?? join(root, '.cache', 'webgpu');
const work = mkdtempSync(join(tmpdir(), 'train-gpu-'));
const folder = join(work, 'train-gpu');

/** Of a package, what Node loads; `wanted` tells by the name within `dist`. */
function takePackage(from, name, wanted) {
  const source = join(from, 'node_modules', name);
  const to = join(folder, 'node_modules', name);
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(source)) {
    if (entry === 'node_modules' || (entry === 'dist' && wanted !== undefined)) continue;
    cpSync(join(source, entry), join(to, entry), { recursive: true, dereference: true });
  }
  for (const entry of wanted === undefined ? [] : readdirSync(join(source, 'dist')).filter(wanted))
    cpSync(join(source, 'dist', entry), join(to, 'dist', entry), { recursive: true });
}

/** Of the packages of tfjs, the one file that Node loads, and programs in WebAssembly. */
const forNode = (entry) => /\.node\.js$|\.wasm$/.test(entry);

function takeTfjs() {
  for (const name of ['core', 'layers', 'backend-cpu', 'backend-wasm'])
    takePlain(root, `@tensorflow/tfjs-${name}`, forNode);
  takePlain(webgpu, '@tensorflow/tfjs-backend-webgpu', forNode);
  for (const name of ['long', 'seedrandom', 'node-fetch', 'whatwg-url', 'tr46', 'webidl-conversions'])
    if (existsSync(join(root, 'node_modules', name))) takePackage(root, name);
}

/** A package without its sources, maps and other builds. */
function takePlain(from, name, wanted) {
  const source = join(from, 'node_modules', name);
  const to = join(folder, 'node_modules', name);
  mkdirSync(join(to, 'dist'), { recursive: true });
  cpSync(join(source, 'package.json'), join(to, 'package.json'));
  for (const entry of readdirSync(join(source, 'dist')).filter(wanted))
    cpSync(join(source, 'dist', entry), join(to, 'dist', entry));
}

try {
  mkdirSync(folder);
  cpSync(process.execPath, join(folder, 'node'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const part of ['.cache/modules', 'dist/kernels', 'bench/train-gpu', 'bench/train-step'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  takeTfjs();
  takePackage(webgpu, 'webgpu', (entry) => entry === `${process.platform}-${process.arch}`);
  execFileSync('tar', ['-cJf', target, '-C', work, 'train-gpu'], { stdio: 'inherit' });
  console.log(`${target}: ${(statSync(target).size / 2 ** 20).toFixed(1)} MiB`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
