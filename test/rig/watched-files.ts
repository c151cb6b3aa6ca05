import childProcess from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** A call of this process that is about to change something on disk. */
export interface FileChange {
  /** The function of node:fs: `renameSync`. */
  call: string;
  /** The paths that it names; of an open file, the one it was opened by. */
  paths: readonly string[];
  args: readonly unknown[];
}

type Call = (...args: unknown[]) => unknown;

const CHANGES = [
  ...['openSync', 'closeSync', 'writeSync', 'fsyncSync', 'fchmodSync', 'futimesSync'],
  ...['renameSync', 'linkSync', 'symlinkSync', 'unlinkSync', 'rmSync', 'rmdirSync', 'mkdirSync'],
  ...['chmodSync', 'copyFileSync'],
];
const PROMISED = ['copyFile', 'rename', 'unlink', 'rm', 'mkdir', 'writeFile'];

/**
 * Calls `before` ahead of every change of a file that this process makes through node:fs, and `after` behind it with its
 * result, until the returned function is called. What `before` throws is thrown instead of the change, as the system would.
 */
export function watchChanges(
  before: (change: FileChange) => void,
  after: (change: FileChange, result: unknown) => void = () => undefined,
): () => void {
  const opened = new Map<number, string>();
  const watched = (call: string, real: Call): Call => {
    return function (this: unknown, ...args: unknown[]) {
      const change = { call, paths: pathsOf(args, opened), args };
      if (call === 'openSync' && isReading(args[1])) return noted(Reflect.apply(real, this, args), args);
      before(change);
      const result = Reflect.apply(real, this, args);
      if (call === 'openSync') noted(result, args);
      if (result instanceof Promise) return result.then((value: unknown) => (after(change, value), value));
      after(change, result);
      return result;
    };
  };
  const noted = (fd: unknown, [path]: unknown[]): unknown => {
    opened.set(fd as number, String(path));
    return fd;
  };
  /** Of a handle its flush is watched, as that of a file by its path, and what was written to it by the time it is closed, as a copy. */
  const opening = (_: string, real: Call): Call => {
    return async function (this: unknown, ...args: unknown[]) {
      const path = String(args[0]);
      const copy = { call: 'copyFile', paths: [path, path], args };
      const writes = !isReading(args[1]);
      if (writes) before(copy);
      const handle = (await Reflect.apply(real, this, args)) as { sync: Call; close: Call };
      const { sync: flush, close } = handle;
      const sync = watched('fsyncSync', () => Reflect.apply(flush, handle, []));
      handle.sync = () => sync(path);
      handle.close = async () => {
        await Reflect.apply(close, handle, []);
        if (writes) after(copy, undefined);
      };
      return handle;
    };
  };
  /** Of programs only the one is watched that flushes a whole file system, as a call of its own: `syncfs` of a folder in it. */
  const running = (_: string, real: Call): Call => {
    return function (this: unknown, ...args: unknown[]) {
      const [program, how] = args as [string, string[]];
      if (program !== 'sync') return Reflect.apply(real, this, args);
      const change = { call: 'syncfs', paths: how.slice(1), args };
      before(change);
      const done = args.at(-1) as Call;
      const flushed = (error: unknown, ...rest: unknown[]): void => {
        if (error === null) after(change, undefined);
        done(error, ...rest);
      };
      return Reflect.apply(real, this, [...args.slice(0, -1), flushed]);
    };
  };
  /** A flush that this process does not wait for at once is told as `fsyncSync` when it is done. */
  const flushing = (_: string, real: Call): Call => {
    return function (this: unknown, fd: unknown, done: unknown) {
      const change = { call: 'fsyncSync', paths: pathsOf([fd], opened), args: [fd] };
      before(change);
      const flushed = (error: unknown): void => {
        if (error === null) after(change, undefined);
        (done as Call)(error);
      };
      return Reflect.apply(real, this, [fd, flushed]);
    };
  };
  const undo = [
    ...replace(childProcess, ['execFile'], running),
    ...replace(fs, ['fsync'], flushing),
    ...replace(fs, CHANGES, watched),
    ...replace(promises, PROMISED, watched),
    ...replace(promises, ['open'], opening),
  ];
  syncBuiltinESMExports();
  return () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
  };
}

function replace(
  module: object,
  names: readonly string[],
  by: (name: string, real: Call) => Call,
): (() => void)[] {
  const calls = module as Record<string, Call>;
  return names.map((name) => {
    const real = calls[name]!;
    calls[name] = by(name, real);
    return () => {
      calls[name] = real;
    };
  });
}

function isReading(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) === 0;
  return flags === undefined || flags === 'r';
}

function pathsOf([first, second]: readonly unknown[], opened: ReadonlyMap<number, string>): string[] {
  if (typeof first === 'number') return [opened.get(first) ?? ''];
  const paths = [first, second].filter((each) => typeof each === 'string' || Buffer.isBuffer(each));
  return paths.map((path) => (typeof path === 'string' ? path : path.toString('latin1')));
}

/** An error as the system gives it: `systemError('ENOSPC', 'write')`. */
export function systemError(code: string, { call, paths }: FileChange): NodeJS.ErrnoException {
  const syscall = call.replace(/Sync$/, '').toLowerCase();
  const path = ['writeSync', 'fsyncSync'].includes(call) ? undefined : paths[0];
  const message = `${code}: injected, ${syscall}${path === undefined ? '' : ` '${path}'`}`;
  return Object.assign(new Error(message), { code, syscall, ...(path !== undefined && { path }) });
}
