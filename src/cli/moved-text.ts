import type { MvResult } from '../actions/mv.js';
import type { RemovedPath, RmResult } from '../actions/rm.js';
import type { Location } from '../base/errors.js';
import { toCommitLines } from './to-commit-text.js';

/** What is no longer tracked, what reads it, and what git should be told. */
export function rmText({ removed, readers, git, toCommit }: RmResult): string {
  return [
    ...removed.map((each) => `${each.path}  no longer tracked; ${filesText(each, git)}`),
    ...readers.map(({ stage, path, location }) => `${place(location)}: stage '${stage}' reads ${path}`),
    ...toCommitLines(toCommit),
  ].join('\n');
}

function filesText({ files }: RemovedPath, git: boolean): string {
  switch (files) {
    case 'kept':
      return git ? 'what is there stays, and git sees it from now on' : 'what is there stays';
    case 'deleted':
      return 'what was there is deleted';
    case 'partly-deleted':
      return 'what was there is deleted, but for what .ocrignore leaves out';
  }
}

/** What is where now, what has to be changed by hand, and what git should be told. */
export function mvText({ moved, readers, otherwiseIgnored, toCommit }: MvResult): string {
  return [
    ...moved.map(({ from, to }) => `${from} -> ${to}`),
    ...otherwiseIgnored.map(
      (path) => `${path}  .ocrignore leaves out other files here: see 'ocrpipe status'`,
    ),
    ...readers.map(
      ({ stage, path, now, location }) =>
        `${place(location)}: stage '${stage}' still reads ${path}: write ${now} there`,
    ),
    ...toCommitLines(toCommit),
  ].join('\n');
}

function place({ file, line }: Location): string {
  return line === undefined ? file : `${file}:${line}`;
}
