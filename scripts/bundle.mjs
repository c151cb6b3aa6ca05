// What `build.mjs` and `build-modules.mjs` share: TypeScript of src/ -> JavaScript, by rolldown, put in place file by file.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const source = join(root, 'src');
/** Sources of the WebAssembly kernels: another compiler's. */
const KERNEL_SOURCES = join('ocr', 'nn', 'kernels', 'assembly');

/** The modules of src/ without their ending, relative to it. */
export function modulesOfSource() {
  return filesBelow(source)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.startsWith(KERNEL_SOURCES))
    .map((name) => name.slice(0, -'.ts'.length));
}

/**
 * Brings the folder `target` in line with src/, unless nothing changed since it was written; returns rolldown's output, or
 * nothing. `entries` maps names in `target` to modules of src/; `external` says which imports stay imports.
 */
export async function bundle({ target, entries, external, plugins = [], output = {} }) {
  const stamp = join(target, 'built');
  if (modifiedAt(stamp) > newestInput()) return undefined;
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(
    Object.entries(entries).map(([name, module]) => [name, join(source, `${module}.ts`)]),
  );
  // ES modules: what is not used of them is left out.
  const resolve = { extensionAlias: { '.js': ['.ts', '.js'] }, mainFields: ['module', 'main'] };
  const started = Date.now();
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    external,
    plugins,
    resolve,
    tsconfig: false,
    preserveEntrySignatures: 'allow-extension',
  });
  const { output: files } = await build.generate({ format: 'esm', entryFileNames: '[name].js', ...output });
  await build.close();
  putInPlace(target, files);
  writeFileSync(stamp, '');
  console.log(`built ${relative(root, target)}/ in ${Date.now() - started} ms`);
  return files;
}

/**
 * Chunks come first, so that an entry never names one that is not there; what the new files do not name goes last. Every file
 * appears by a rename: two builds at once, or a command that starts meanwhile, never see half a file.
 */
function putInPlace(target, files) {
  const inOrder = [...files].sort((a, b) => Number(a.isEntry === true) - Number(b.isEntry === true));
  for (const file of inOrder) replaceFile(join(target, file.fileName), file.code ?? file.source);
  const wanted = new Set(files.map(({ fileName }) => fileName));
  for (const name of filesBelow(target))
    if (/\.c?js$/.test(name) && !wanted.has(name)) rmSync(join(target, name), { force: true });
}

/** Folders count too: their time tells of a file that was removed. */
function newestInput() {
  const names = readdirSync(source, { recursive: true }).map((name) => join(source, name));
  const others = [
    'package.json',
    'package-lock.json',
    'scripts/bundle.mjs',
    'scripts/build.mjs',
    'scripts/chunks.mjs',
    'scripts/dynamic-imports.mjs',
    'scripts/lazy-requires.mjs',
    'scripts/lazy-builtins.mjs',
    'scripts/lazy-package.mjs',
  ];
  return Math.max(...[source, ...names, ...others.map((name) => join(root, name))].map(modifiedAt));
}

/** Names of the files below `folder`, relative to it; none if it does not exist. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Milliseconds; 0 if the file does not exist. */
export function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export function replaceFile(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}
