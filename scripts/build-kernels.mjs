// Compiles the WebAssembly kernels of src/ocr/nn/kernels/assembly: one build with plain SIMD and one with relaxed SIMD
// (fused multiply-add), into dist/kernels/. Nothing is done when the outputs are newer than every source.
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/ocr/nn/kernels/assembly');
const target = join(root, 'dist/kernels');
const builds = { 'plain-simd.wasm': [], 'relaxed-simd.wasm': ['--enable', 'relaxed-simd'] };
const options = [
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--enable',
  'simd',
  // Threads share the memory. It is another module's: as large as it may become, whatever its size at first.
  '--enable',
  'threads',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '-O3',
  '--noAssert',
];
/** Section number of initial data in a WebAssembly module. */
const DATA_SECTION = 11;

async function newest(paths) {
  const times = await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
  return Math.max(...times);
}

async function isUpToDate() {
  const inputs = (await readdir(sources)).map((name) => join(sources, name));
  const outputs = Object.keys(builds).map((name) => join(target, name));
  try {
    const times = await Promise.all(outputs.map(async (path) => (await stat(path)).mtimeMs));
    return Math.min(...times) > (await newest([...inputs, fileURLToPath(import.meta.url)]));
  } catch {
    return false;
  }
}

/** The kernels share TensorFlow.js's memory: initial data of theirs would overwrite what stands there. */
function refuseInitialData(bytes, name) {
  for (let at = 8; at < bytes.length;) {
    const section = bytes[at++];
    let size = 0;
    let shift = 0;
    let byte;
    do {
      byte = bytes[at++];
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    if (section === DATA_SECTION) throw new Error(`${name} carries initial data`);
    at += size;
  }
}

async function compile(name, extra) {
  // Loaded here: most builds find nothing to compile, and the compiler alone takes half a second to load.
  const { default: asc } = await import('assemblyscript/asc');
  const unfinished = join(target, `.${process.pid}-${name}`);
  const entry = join('src/ocr/nn/kernels/assembly', 'index.ts');
  const { error, stderr } = await asc.main([
    entry,
    '--baseDir',
    root,
    '--outFile',
    unfinished.slice(root.length),
    ...options,
    ...extra,
  ]);
  if (error) throw new Error(`the kernels do not compile: ${error.message}\n${stderr.toString()}`);
  refuseInitialData(await readFile(unfinished), name);
  await rename(unfinished, join(target, name));
}

if (!(await isUpToDate())) {
  await mkdir(target, { recursive: true });
  for (const [name, extra] of Object.entries(builds)) await compile(name, extra);
}
