import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OCRPIPE } from '../measure.mjs';
import { programOf } from './peers.mjs';

const FLOOR = join(import.meta.dirname, 'floor.mjs');
/** rclone's own default of four at once is for slow lines. */
const RCLONE_AT_ONCE = ['--transfers', '32', '--checkers', '32'];

/**
 * Those of the tools asked for (`a,b,…`) that are installed; a warning names the others. A contestant is made for the server
 * that it is to use: `prepare` makes a workspace for it, `fresh` what another machine begins with, `commands` are its command lines,
 * of which `add` stands only where it tracks files, and not copies them as they are.
 */
export function takingPart(asked) {
  return asked.split(',').filter((name) => {
    const there = MAKERS[name] !== undefined && (OWN.has(name) || programOf(name) !== undefined);
    if (!there) console.error(`without ${name}: it is not installed (node bench/remote/peers.mjs)`);
    return there;
  });
}

export function contestant(name, server) {
  return { name, environment: {}, ...MAKERS[name](server, programOf(name)) };
}

const OWN = new Set(['ocrpipe', 'floor']);
const MAKERS = { ocrpipe, dvc, s5cmd, aws, rclone, floor };

function ocrpipe({ endpoint, bucket, environment }) {
  const command = (...args) => [...OCRPIPE, ...args];
  return {
    prepare(workspace) {
      newRepository(workspace);
      run(workspace, environment, command('init'));
      const remote = ['s3', `s3://${bucket}/bench`, '--endpoint', endpoint];
      run(workspace, environment, command('remote', 'add', ...remote));
    },
    fresh: clone,
    commands: {
      add: (path) => command('add', path),
      push: () => command('push', '--json'),
      again: () => command('push', '--json'),
      pull: () => command('pull', '--json'),
      part: (path) => command('pull', path, '--json'),
    },
    says: (stdout) => JSON.parse(stdout),
  };
}

function dvc({ endpoint, bucket, environment }, program) {
  const own = { DVC_NO_ANALYTICS: '1' };
  return {
    environment: own,
    prepare(workspace) {
      newRepository(workspace);
      const set = (...args) => run(workspace, { ...environment, ...own }, [program, ...args]);
      set('init', '-q');
      set('remote', 'add', '-d', 's3', `s3://${bucket}/dvc`);
      set('remote', 'modify', 's3', 'endpointurl', endpoint);
    },
    fresh: clone,
    commands: {
      add: (path) => [program, 'add', '-q', path],
      push: () => [program, 'push', '-q'],
      again: () => [program, 'push', '-q'],
      pull: () => [program, 'pull', '-q'],
      part: (path) => [program, 'pull', '-q', path],
    },
  };
}

/** Copiers know no workspaces: what is in `data` goes to the bucket and comes back. */
function s5cmd({ endpoint, bucket }, program) {
  const command = (...args) => [program, '--log', 'error', '--endpoint-url', endpoint, ...args];
  const at = (path) => `s3://${bucket}/${path}`;
  return {
    prepare: folder,
    fresh: emptyFolder,
    commands: {
      push: (path, isFile) => command('cp', isFile ? path : `${path}/`, at(isFile ? path : `${path}/`)),
      again: (path) => command('sync', `${path}/`, at(`${path}/`)),
      pull: (path, isFile) => command('cp', at(isFile ? path : `${path}/*`), isFile ? path : `${path}/`),
      part: (path) => command('cp', at(`${path}/*`), `${path}/`),
    },
  };
}

function aws({ endpoint, bucket }, program) {
  const command = (verb, ...args) => [
    program,
    '--endpoint-url',
    endpoint,
    's3',
    verb,
    ...args,
    '--only-show-errors',
  ];
  const at = (path) => `s3://${bucket}/${path}`;
  const recursive = (isFile) => (isFile ? [] : ['--recursive']);
  return {
    prepare: folder,
    fresh: emptyFolder,
    commands: {
      push: (path, isFile) => command('cp', ...recursive(isFile), path, at(path)),
      again: (path) => command('sync', path, at(path)),
      pull: (path, isFile) => command('cp', ...recursive(isFile), at(path), path),
      part: (path) => command('cp', '--recursive', at(path), path),
    },
  };
}

function rclone({ endpoint, bucket, environment }, program) {
  const command = (...args) => [program, ...args, ...RCLONE_AT_ONCE];
  const at = (path) => `server:${bucket}/${path}`;
  return {
    environment: {
      RCLONE_CONFIG: '/nonexistent/rclone.conf',
      RCLONE_CONFIG_SERVER_TYPE: 's3',
      RCLONE_CONFIG_SERVER_PROVIDER: 'Other',
      RCLONE_CONFIG_SERVER_ENDPOINT: endpoint,
      // The bucket is there; one server refuses to make it again in a way that has rclone try for minutes.
      RCLONE_CONFIG_SERVER_NO_CHECK_BUCKET: 'true',
      RCLONE_CONFIG_SERVER_ACCESS_KEY_ID: environment.AWS_ACCESS_KEY_ID,
      RCLONE_CONFIG_SERVER_SECRET_ACCESS_KEY: environment.AWS_SECRET_ACCESS_KEY,
    },
    prepare: folder,
    fresh: emptyFolder,
    commands: {
      push: (path, isFile) => command(isFile ? 'copyto' : 'copy', path, at(path)),
      again: (path) => command('copy', path, at(path)),
      pull: (path, isFile) => command(isFile ? 'copyto' : 'copy', at(path), path),
      part: (path) => command('copy', at(path), path),
    },
  };
}

/** All bytes as one object, in parts, by the SDK alone, nothing verified; it has no files to make. */
function floor({ endpoint, bucket }) {
  const command = (verb) => (path, isFile) => [process.execPath, FLOOR, verb, isFile ? path : 'joined'];
  return {
    environment: { OCRPIPE_BENCH_ENDPOINT: endpoint, OCRPIPE_BENCH_BUCKET: bucket },
    prepare: folder,
    fresh: emptyFolder,
    commands: { push: command('put'), pull: command('get') },
    joins: true,
  };
}

function folder(workspace) {
  mkdirSync(workspace);
}

function emptyFolder(_, target) {
  mkdirSync(target);
}

function newRepository(workspace) {
  mkdirSync(workspace);
  for (const args of [
    ['init', '-q'],
    ['config', 'user.email', 'bench@example.com'],
    ['config', 'user.name', 'bench'],
  ]) {
    run(workspace, {}, ['git', ...args]);
  }
}

/** Another machine: what is committed, and nothing else. */
function clone(workspace, target) {
  run(workspace, {}, ['git', 'add', '--all']);
  run(workspace, {}, ['git', 'commit', '-q', '--allow-empty', '-m', 'data']);
  run(workspace, {}, ['git', 'clone', '-q', workspace, target]);
}

export function run(cwd, environment, [program, ...args]) {
  const env = { ...process.env, ...environment };
  execFileSync(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
