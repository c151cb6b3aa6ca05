import type { JsonValue } from '../../base/canonical-json.js';
import { isContentId } from '../../base/content-id.js';
import { isRepoPath } from '../../base/is-repo-path.js';

interface WrittenPath {
  path: string;
  id: string;
  kind: 'file' | 'directory';
  size: number;
  files?: number;
  executable?: true;
}

/** One stage of pipeline.lock as it is written. */
export interface CanonicalEntry {
  run: string[];
  wdir?: string;
  deps?: (WrittenPath & { glob?: true; lines?: string; git?: true })[];
  urls?: { url: string; version: string }[];
  env?: Record<string, string | null>;
  params?: Record<string, Record<string, JsonValue>>;
  outs?: (WrittenPath & { persist?: true })[];
}

class NotCanonical extends Error {}

/**
 * The stages of a pipeline.lock that looks as ocrpipe writes it, in a thirtieth of the time that a parser of YAML takes; undefined for any
 * other text. Whoever calls it writes the result again and compares: only then it is known that nothing was overlooked.
 */
export function canonicalStages(text: string): Record<string, CanonicalEntry> | undefined {
  try {
    return new Reader(text.split('\n')).stages();
  } catch (error) {
    if (error instanceof NotCanonical || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  stages(): Record<string, CanonicalEntry> {
    require(this.#next().startsWith('#'));
    require(this.#next() === 'version: 1');
    require(this.#next() === 'stages:');
    const stages: Record<string, CanonicalEntry> = {};
    for (let name = this.#key('  '); name !== undefined; name = this.#key('  ')) stages[name] = this.#entry();
    require(this.#next() === '' && this.#at === this.#lines.length);
    return stages;
  }

  #entry(): CanonicalEntry {
    require(this.#take('    run:') === '');
    const entry: CanonicalEntry = { run: this.#all('      - ', text) };
    const wdir = this.#take('    wdir: ');
    if (wdir !== undefined) entry.wdir = path(wdir);
    if (this.#take('    deps:') === '')
      entry.deps = this.#all('      - path: ', (at) => this.#dependency(at));
    if (this.#take('    urls:') === '') entry.urls = this.#all('      - url: ', (url) => this.#url(url));
    if (this.#take('    env:') === '') entry.env = this.#map('      ', variable);
    if (this.#take('    params:') === '') entry.params = this.#params();
    if (this.#take('    outs:') === '') entry.outs = this.#all('      - path: ', (at) => this.#output(at));
    return entry;
  }

  #path(at: string): WrittenPath {
    const id = text(this.#field('id: '));
    const kind = this.#field('kind: ');
    const size = Number(this.#field('size: '));
    require(isContentId(id) && (kind === 'file' || kind === 'directory') && isCount(size));
    const written: WrittenPath = { path: path(at), id, kind: kind as WrittenPath['kind'], size };
    const files = this.#take('        files: ');
    if (files !== undefined) written.files = Number(files);
    require(isCount(written.files ?? 0));
    if (this.#take('        executable: true') === '') written.executable = true;
    return written;
  }

  #dependency(at: string): NonNullable<CanonicalEntry['deps']>[number] {
    const dep: NonNullable<CanonicalEntry['deps']>[number] = this.#path(at);
    if (this.#take('        glob: true') === '') dep.glob = true;
    const lines = this.#take('        lines: ');
    if (lines !== undefined) dep.lines = text(lines);
    require(/^(?:\d+(?:-\d*)?(?:,\d+(?:-\d*)?)*)?$/.test(dep.lines ?? '') && dep.lines !== '');
    if (this.#take('        git: true') === '') dep.git = true;
    return dep;
  }

  #output(at: string): NonNullable<CanonicalEntry['outs']>[number] {
    const out: NonNullable<CanonicalEntry['outs']>[number] = this.#path(at);
    if (this.#take('        persist: true') === '') out.persist = true;
    return out;
  }

  #url(url: string): { url: string; version: string } {
    return { url: text(url), version: text(this.#field('version: ')) };
  }

  #params(): Record<string, Record<string, JsonValue>> {
    const files: Record<string, Record<string, JsonValue>> = {};
    for (let file = this.#key('      '); file !== undefined; file = this.#key('      ')) {
      files[path(JSON.stringify(file))] = this.#map('        ', (value) => JSON.parse(value) as JsonValue);
    }
    require(Object.keys(files).length > 0);
    return files;
  }

  /** What follows `start` in the lines that begin with it, one or more, read by `read`. */
  #all<T>(start: string, read: (rest: string) => T): T[] {
    const found: T[] = [];
    for (let rest = this.#take(start); rest !== undefined; rest = this.#take(start)) found.push(read(rest));
    require(found.length > 0);
    return found;
  }

  /** Lines `key: value`, one or more, this far in. */
  #map<T>(start: string, read: (value: string) => T): Record<string, T> {
    const found: Record<string, T> = {};
    for (;;) {
      const line = this.#lines[this.#at];
      if (!line?.startsWith(start) || line[start.length] === ' ') break;
      this.#at += 1;
      const key = /^(?:"(?:[^"\\]|\\.)*"|[^"].*?)(?=: )/.exec(line.slice(start.length))?.[0];
      require(key !== undefined);
      found[name(key!)] = read(line.slice(start.length + key!.length + 2));
    }
    require(Object.keys(found).length > 0);
    return found;
  }

  /** The key of a line that is nothing else, this far in. */
  #key(start: string): string | undefined {
    const line = this.#lines[this.#at];
    if (!line?.startsWith(start) || line[start.length] === ' ' || !line.endsWith(':')) return undefined;
    this.#at += 1;
    return name(line.slice(start.length, -1));
  }

  #field(start: string): string {
    const rest = this.#take(`        ${start}`);
    require(rest !== undefined);
    return rest!;
  }

  /** The rest of the next line, if it begins so. */
  #take(start: string): string | undefined {
    const line = this.#lines[this.#at];
    if (!line?.startsWith(start)) return undefined;
    this.#at += 1;
    return line.slice(start.length);
  }

  #next(): string {
    return this.#take('') ?? '';
  }
}

function require(holds: boolean): void {
  if (!holds) throw new NotCanonical();
}

/** A text in quotes, or plain. */
function text(written: string): string {
  if (!written.startsWith('"')) return written;
  const value: unknown = JSON.parse(written);
  require(typeof value === 'string');
  return value as string;
}

/** A key of a map: those with a meaning of their own for JavaScript are left to the parser of YAML. */
function name(written: string): string {
  const value = text(written);
  require(value !== '__proto__');
  return value;
}

function path(written: string): string {
  const value = text(written);
  require(isRepoPath(value));
  return value;
}

function variable(written: string): string | null {
  return written === 'null' ? null : text(written);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
