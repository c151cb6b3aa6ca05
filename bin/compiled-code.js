'use strict';
const fs = require('node:fs');
const { homedir } = require('node:os');
const { dirname, isAbsolute, join, relative, resolve, sep } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { crc32 } = require('node:zlib');

const dist = join(__dirname, '..', 'dist');
/** Code is kept of the first runs of a command: later ones seldom use functions that none of them did. */
const LEARNING_RUNS = 3;
/** Code of an installation that kept none for so long may go. */
const KEPT_MS = 30 * 24 * 3600 * 1000;
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

/**
 * Loads modules of dist/ with the compiled code that earlier runs of the same command kept in the user's cache folder: compiling takes half of
 * the time to start. What is kept is used only if this user alone could write it, if it is whole, and if each module's text is what it was
 * compiled from. Whatever goes wrong with it costs time and nothing else. `NODE_DISABLE_COMPILE_CACHE=1` turns it off, as it does Node's own.
 */
class CompiledCode {
  #file;
  #kept;
  #modules = new Map();
  #scripts = [];

  /** `name` is that of the command, which has a file of its own. */
  constructor(name) {
    this.#file = process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : join(folder(), name);
    this.#kept = (this.#file && read(this.#file)) ?? { runs: 0, code: new Map() };
  }

  /** What a module of dist/ exports, by its path in there. */
  load(path) {
    return this.#load(join(dist, path));
  }

  /** Call when the process ends: keeps the code that has been compiled by now. Never throws. */
  keep() {
    const { runs, code } = this.#kept;
    const isKnown = this.#scripts.every(({ known }) => known) && this.#scripts.length === code.size;
    if (!this.#file || (isKnown && runs >= LEARNING_RUNS)) return;
    try {
      write(this.#file, { runs: isKnown ? runs + 1 : 1, scripts: this.#scripts });
    } catch {
      // A full disk, or a folder that nobody may write to: the next run compiles again.
    }
  }

  #load(file) {
    const known = this.#modules.get(file);
    if (known) return known.exports;
    const module = { exports: {}, importModule: (id) => import(id) };
    this.#modules.set(file, module);
    const folder = dirname(file);
    this.#compile(file).call(module.exports, module.exports, this.#requireFrom(folder), module, file, folder);
    return module.exports;
  }

  #requireFrom(folder) {
    const ours = (id) => {
      const file = id.startsWith('.') ? resolve(folder, id) : id;
      return isAbsolute(file) && file.startsWith(dist + sep) ? this.#load(file) : require(id);
    };
    return Object.assign(ours, require);
  }

  #compile(file) {
    const source = fs.readFileSync(file);
    const path = relative(dist, file);
    const sum = crc32(source);
    const kept = this.#kept.code.get(path);
    const cachedData = kept?.sum === sum ? kept.code : undefined;
    const options = { filename: file, columnOffset: -HEAD.length, ...(cachedData && { cachedData }) };
    const script = new vm.Script(`${HEAD}${source}\n})`, options);
    this.#scripts.push({ path, sum, script, known: cachedData !== undefined && !script.cachedDataRejected });
    return script.runInThisContext();
  }
}

/** The name under which the code of a command line is kept. */
function nameOf(argv) {
  const words = argv.filter((word) => /^[a-z][a-z-]*$/.test(word));
  const is = (...names) => fs.existsSync(join(dist, 'commands', ...names));
  const index = words.findIndex((word) => is(word) || is(`${word}.cjs`));
  const [first, second] = index < 0 ? [] : words.slice(index);
  if (first === undefined) return 'other';
  const command = second !== undefined && is(first, `${second}.cjs`) ? `${first}-${second}` : first;
  return argv.some((word) => word === '--help' || word === '-h') ? `${command}-help` : command;
}

/** One folder for each installation and each Node: code of one is of no use to another. */
function folder() {
  const { XDG_CACHE_HOME: chosen } = process.env;
  const caches = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), '.cache');
  const engine = `${process.version}-${process.arch}-${v8.cachedDataVersionTag().toString(16)}`;
  return join(caches, 'ocrpipe', 'code', `${engine}-${crc32(dist).toString(16)}`);
}

/** A file is a line of JSON, which tells of each module where its code is, and all the code behind it. */
function read(file) {
  try {
    const bytes = readOwn(file);
    const end = bytes.indexOf('\n');
    const { sum, runs, modules } = JSON.parse(bytes.toString('utf8', 0, end));
    const code = bytes.subarray(end + 1);
    // V8 does not look whether code is damaged, and crashes.
    if (crc32(code) !== sum) return undefined;
    const entries = modules.map(([path, of, start, length]) => [
      path,
      { sum: of, code: code.subarray(start, start + length) },
    ]);
    return { runs, code: new Map(entries) };
  } catch {
    return undefined;
  }
}

/** Throws if somebody else could have written the file: what is in it is run. */
function readOwn(file) {
  const descriptor = fs.openSync(file, 'r');
  try {
    const { uid, mode } = fs.fstatSync(descriptor);
    if (process.geteuid && (uid !== process.geteuid() || (mode & 0o022) !== 0))
      throw new Error('not ours alone');
    return fs.readFileSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function write(file, { runs, scripts }) {
  const codes = scripts.map(({ script }) => script.createCachedData());
  const code = Buffer.concat(codes);
  let start = 0;
  const modules = scripts.map(({ path, sum }, index) => {
    start += codes[index].length;
    return [path, sum, start - codes[index].length, codes[index].length];
  });
  const target = dirname(file);
  if (!fs.existsSync(target)) removeOld(dirname(target));
  fs.mkdirSync(target, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  const head = `${JSON.stringify({ sum: crc32(code), runs, modules })}\n`;
  try {
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(head), code]), { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function removeOld(folder) {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const each = join(folder, name);
    if (Date.now() - fs.statSync(each).mtimeMs > KEPT_MS) fs.rmSync(each, { recursive: true, force: true });
  }
}

module.exports = { CompiledCode, nameOf };
