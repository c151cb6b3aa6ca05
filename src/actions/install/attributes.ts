import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { AbsPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { ATTRIBUTES } from './merge-drivers.js';

const HEAD =
  '# ocrpipe: how git merges what it writes; needs `ocrpipe install` in each clone, and is merged as text without.';

/** The lines of ocrpipe that a file of attributes lacks, added to it; false if it had them all. */
export function addAttributes(file: string): boolean {
  const before = textOf(file);
  const lines = new Set(before.split(/\r?\n/));
  const missing = ATTRIBUTES.filter((line) => !lines.has(line));
  if (missing.length === 0) return false;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const head = lines.has(HEAD) ? [] : [HEAD];
  mkdirSync(dirname(file), { recursive: true });
  writeFileAtomic(file, `${before}${gap}${[...head, ...missing].join('\n')}\n`);
  return true;
}

/** Takes the lines of ocrpipe out again, and the file if nothing else is in it; false if there were none. */
export function removeAttributes(file: string): boolean {
  const before = textOf(file);
  const own = new Set([HEAD, ...ATTRIBUTES]);
  const kept = before.split(/(?<=\n)/).filter((line) => !own.has(line.replace(/\r?\n$/, '')));
  const text = kept.join('');
  if (text === before) return false;
  if (text === '') rmSync(file);
  else writeFileAtomic(file, text);
  return true;
}

/** The file of attributes that is committed with the workspace at `root`. */
export function attributesOf(root: AbsPath): string {
  return join(root, '.gitattributes');
}

function textOf(file: string): string {
  return existsSync(file) ? readRegularFile(file).toString('utf8') : '';
}
