// `npm run build`: src/ -> dist/ and oclif.manifest.json. dist/ has one module for each command and for each program of a thread, and
// chunks of what they share, small packages included: most of the time that a command takes to start is the reading of modules, one
// by one. Types are checked by `npm run check`.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bundle, filesBelow, modifiedAt, modulesOfSource, replaceFile, root, source } from './bundle.mjs';
import { chunkGroups } from './chunks.mjs';
import { dynamicImports } from './dynamic-imports.mjs';
import { lazyRequires } from './lazy-requires.mjs';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { lazyPackage } from './lazy-package.mjs';

const target = join(root, 'dist');
const manifestFile = join(root, 'oclif.manifest.json');
/** Modules that are loaded by name: by bin/run.js and by oclif. */
const LOADED_BY_NAME = [
  ...['cli/main', 'cli/help', 'cli/command-not-found', 'cli/output', 'cli/output-failure'],
  ...['cli/merge-driver', 'cli/complete'],
];
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** What stays a package: what users install, and what the framework of the command line looks for in projects that have it. */
const installed = new Set([...Object.keys({ ...dependencies, ...peerDependencies }), 'typescript']);

await import('./build-kernels.mjs');
const files = await bundle({
  target,
  entries: entries(),
  external: (id) => installed.has(packageOf(id)),
  plugins: [
    lazyRequires(realpathSync(join(root, 'node_modules', '@oclif', 'core'))),
    lazyPackage('string-width'),
    lazyBuiltins(),
    dynamicImports(),
  ],
  output: {
    // Modules of this kind can be loaded with code that was compiled before: see bin/compiled-code.js.
    format: 'cjs',
    exports: 'named',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    codeSplitting: { groups: groups() },
    comments: false,
    // Fewer characters are a tenth of the time to start. Names and lines stay: stack traces are read.
    minify: {
      compress: true,
      mangle: { keepNames: { function: true, class: true } },
      codegen: { removeWhitespace: false },
    },
  },
});
if (files) replaceFile(join(target, 'bundled-packages.txt'), licences(files));
await buildManifest();

function entries() {
  const modules = modulesOfSource();
  const commands = modules.filter((name) => name.startsWith('commands/'));
  const threads = modules.filter((name) => name.endsWith('-worker'));
  return Object.fromEntries([
    ...[...LOADED_BY_NAME, ...commands].map((name) => [name, name]),
    ...threads.map((name) => [`threads/${basename(name)}`, name]),
  ]);
}

function groups() {
  const modules = Object.values(entries()).map((name) => join(source, `${name}.ts`));
  // What git starts for each file of a merge, and a shell at each press of a key, is to start as quickly as a thread.
  const threads = modules.filter((id) => /(?:-worker|cli\/(?:merge-driver|complete))\.ts$/.test(id));
  return chunkGroups({ entries: modules, threads });
}

/** `@scope/name` or `name` of what an import asks for. */
function packageOf(id) {
  return id.split('/', id.startsWith('@') ? 2 : 1).join('/');
}

/** The licences of the packages whose code went into the bundle ask to be kept with it: each text once, below the names of its packages. */
function licences(outputs) {
  const modules = outputs.flatMap((file) => Object.keys(file.modules ?? {}));
  const folders = modules.map((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]);
  const packages = [...new Set(folders.filter((folder) => folder !== undefined))]
    .sort()
    .map(describedPackage);
  const namesOf = new Map();
  for (const each of packages) {
    const text = each.text ?? packages.find((other) => other.text && other.source === each.source)?.text;
    if (!text) throw new Error(`${each.title} goes into dist/ and has no licence file`);
    namesOf.set(text, [...(namesOf.get(text) ?? []), each.title]);
  }
  const parts = [...namesOf].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}

/** Packages of one repository under one licence (`source`) may have its text (`text`) in one of them alone; notices belong to it. */
function describedPackage(folder) {
  const { name, version, license, repository } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const texts = filesBelow(folder).filter(
    (each) => dirname(each) === '.' && /^(?:licen[cs]e|notice)/i.test(each),
  );
  const text = texts.sort().map((each) => readFileSync(join(folder, each), 'utf8').trim());
  const source = `${license} ${repository?.url ?? name}`;
  return { title: `${name} ${version} (${license})`, source, text: text.join('\n\n') || undefined };
}

/** The manifest holds every command's flags and help, so that one command line loads one command's module. */
async function buildManifest() {
  const names = filesBelow(join(target, 'commands')).filter((name) => name.endsWith('.cjs'));
  const newest = Math.max(...['package.json', 'dist/built'].map((name) => modifiedAt(join(root, name))));
  if (modifiedAt(manifestFile) > newest && namedIn(manifestFile) === names.length) return;
  const { Plugin, settings } = await import('@oclif/core');
  settings.enableAutoTranspile = false;
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    console.error(String(warning.message));
    process.exitCode = 1;
  });
  const plugin = new Plugin({
    ignoreManifest: true,
    isRoot: true,
    respectNoCacheDefault: true,
    root,
    type: 'core',
  });
  await plugin.load();
  replaceFile(manifestFile, `${JSON.stringify(plugin.manifest, null, 2)}\n`);
  console.log(`listed the ${plugin.commandIDs.length} commands for their help`);
}

function namedIn(file) {
  return existsSync(file) ? Object.keys(JSON.parse(readFileSync(file, 'utf8')).commands).length : 0;
}
