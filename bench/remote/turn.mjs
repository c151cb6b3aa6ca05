import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureSaying } from '../measure.mjs';
import { settle } from '../store/contestants.mjs';
import { run } from './contestants.mjs';

/** Files in each folder of the corpus. */
export const PER_FOLDER = 200;

/** All that one tool does on one server, each command handed to `note` with what it took; none may take more than `limit` seconds. */
export class Turn {
  #tool;
  #environment;
  #proxy;
  #place;
  #note;
  #limit;

  constructor({ tool, server, proxy, place, note, limit }) {
    this.#tool = tool;
    this.#environment = { ...server.environment, ...tool.environment };
    this.#proxy = proxy;
    this.#place = place;
    this.#note = note;
    this.#limit = limit;
  }

  shareFiles(data) {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(this.#place, name));
    this.#tool.prepare(a);
    execFileSync('cp', ['-r', data, join(a, 'data')]);
    if (this.#tool.joins) joinAll(a);
    this.#do('add', a, 'add', 'data');
    this.#do('push', a, 'push', 'data');
    this.#do('push again, nothing new', a, 'again', 'data');
    if (this.#tool.commands.add !== undefined) this.#pushOneMore(a);
    this.#tool.fresh(a, b);
    this.#do('pull into a fresh clone', b, 'pull', 'data');
    requireSame(a, b, this.#tool.joins ? 'joined' : 'data');
    if (this.#tool.joins) this.#copy(a);
    if (this.#tool.commands.part !== undefined) this.#pullPart(data, a, c);
    // Room for the large file.
    for (const done of [a, b, c]) rmSync(done, { recursive: true, force: true });
  }

  shareLarge(file) {
    const [a, b] = ['large-a', 'large-b'].map((name) => join(this.#place, name));
    this.#tool.prepare(a);
    cpSync(file, join(a, 'large.bin'));
    this.#do('add one large file', a, 'add', 'large.bin');
    this.#do('push one large file', a, 'push', 'large.bin', true);
    this.#tool.fresh(a, b);
    this.#do('pull one large file', b, 'pull', 'large.bin', true);
    requireSame(a, b, 'large.bin');
  }

  #pullPart(data, a, c) {
    const folders = readdirSync(data).sort();
    const one = join('data', folders[folders.length >> 1]);
    this.#tool.fresh(a, c);
    this.#do(`pull one folder of ${PER_FOLDER}`, c, 'part', one);
    requireSame(a, c, one);
  }

  #pushOneMore(workspace) {
    const [first] = readdirSync(join(workspace, 'data')).sort();
    writeFileSync(join(workspace, 'data', first, 'new.jpg'), 'one file more, unlike any other');
    run(workspace, this.#environment, this.#tool.commands.add('data'));
    this.#do('push, one new file', workspace, 'push', 'data');
  }

  #copy(workspace) {
    settle();
    const usage = measureSaying(['cp', '-r', 'data', 'copy'], { cwd: workspace });
    this.#note('cp -r', 'pull into a fresh clone', { usage });
  }

  /** Measures one command if the tool has it. */
  #do(task, cwd, verb, path, isFile = false) {
    const command = this.#tool.commands[verb]?.(path, isFile);
    if (command === undefined) return;
    settle();
    const before = this.#proxy?.seen();
    const usage = this.#measured(command, cwd, task);
    const says = verb === 'add' ? undefined : this.#tool.says?.(usage.stdout);
    this.#note(this.#tool.name, task, { usage, says, seen: this.#seenSince(before) });
  }

  /** Its failure says which task it was. */
  #measured(command, cwd, task) {
    try {
      return measureSaying(command, { cwd, env: this.#environment, limit: this.#limit });
    } catch (error) {
      throw Object.assign(error, { task });
    }
  }

  #seenSince(before) {
    if (before === undefined) return undefined;
    const now = this.#proxy.seen();
    return { requests: now.requests - before.requests, bytes: now.bytes - before.bytes };
  }
}

/** What arrived must be what was sent. */
function requireSame(a, b, path) {
  execFileSync('sh', ['-c', 'diff -r "$1" "$2"', 'sh', join(a, path), join(b, path)], { stdio: 'inherit' });
}

/** All bytes of the files in one. */
function joinAll(workspace) {
  execFileSync('sh', ['-c', 'find data -type f -exec cat {} + > joined'], { cwd: workspace });
}
