// `npm run build`: src/ -> dist/ and oclif.manifest.json. Each source file is transpiled by itself (isolatedModules), and
// only when it is newer than its output; types are checked by `npm run check`. Every file is put in place by a rename, so that two
// builds at once, or a command that runs meanwhile, never see half a file.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const target = join(root, 'dist');
const manifestFile = join(root, 'oclif.manifest.json');
/** Sources of the WebAssembly kernels: another compiler's. */
const kernelSources = join('ocr', 'nn', 'kernels', 'assembly') + sep;

await buildKernels();
await buildSources();
await buildManifest();

/** The kernels have a script of their own, which knows when there is nothing to do. */
async function buildKernels() {
  const script = new URL('./build-kernels.mjs', import.meta.url);
  if (existsSync(script)) await import(script.href);
}

/** Brings dist/ in line with src/: TypeScript becomes JavaScript, what is neither that nor a kernel's source is copied. */
async function buildSources() {
  const outputs = new Map();
  for (const name of filesBelow(source)) {
    if (!name.startsWith(kernelSources) && !name.endsWith('.d.ts'))
      outputs.set(name.replace(/\.ts$/, '.js'), name);
  }
  for (const name of filesBelow(target)) {
    if (name.endsWith('.js') && !outputs.has(name)) rmSync(join(target, name), { force: true });
  }
  const stale = [...outputs].filter(
    ([output, input]) => modifiedAt(join(target, output)) < modifiedAt(join(source, input)),
  );
  if (stale.length === 0) return;
  const { default: ts } = await import('typescript');
  for (const [output, input] of stale) {
    const bytes = readFileSync(join(source, input));
    replaceFile(
      join(target, output),
      input.endsWith('.ts') ? transpiled(ts, input, bytes.toString()) : bytes,
    );
  }
  console.log(`compiled ${stale.length} source file${stale.length === 1 ? '' : 's'} into dist/`);
}

function transpiled(ts, fileName, text) {
  const { outputText, diagnostics } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      isolatedModules: true,
      verbatimModuleSyntax: true,
    },
    fileName,
    reportDiagnostics: true,
  });
  for (const { messageText, start = 0 } of diagnostics ?? []) {
    const line = text.slice(0, start).split('\n').length;
    console.error(`src/${fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    process.exitCode = 1;
  }
  return outputText;
}

/** The manifest holds every command's flags and help, so that one command line loads one command's module. */
async function buildManifest() {
  const described = ['commands', 'cli'].flatMap((folder) =>
    filesBelow(join(target, folder)).map((name) => modifiedAt(join(target, folder, name))),
  );
  const names = filesBelow(join(target, 'commands')).filter((name) => name.endsWith('.js'));
  const newest = Math.max(modifiedAt(join(root, 'package.json')), ...described);
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
  return Object.keys(JSON.parse(readFileSync(file, 'utf8')).commands).length;
}

/** Names of the files below `folder`, relative to it; none if it does not exist. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function replaceFile(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}
