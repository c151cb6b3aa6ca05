import type { ImportResult } from '../actions/import.js';
import type { UpdatedPath, UpdateResult } from '../actions/update.js';
import { countText } from '../base/count-text.js';
import { shellQuote } from '../base/shell-quote.js';
import type { ImportSource } from '../tracking/pointers/import-source.js';
import { textTable } from './table.js';
import { toCommitLines } from './to-commit-text.js';
import { bytesText } from './units.js';
import { visibleInLine } from './visible.js';

/** What was imported, for people. */
export function importedText({
  path,
  size,
  files,
  source,
  toCommit,
}: Pick<ImportResult, 'path' | 'size' | 'files' | 'toCommit'> & { source: ImportSource }): string {
  const what = files === undefined ? bytesText(size) : `${countText(files, 'file')}, ${bytesText(size)}`;
  const line = `${path}  imported  (${what}; ${sourceText(source)})`;
  return [visibleInLine(line), ...toCommitLines(toCommit)].join('\n');
}

function sourceText(source: ImportSource): string {
  if (!('repository' in source)) return source.url;
  const { repository, path, commit } = source;
  return `${path} of ${repository} at ${commit.slice(0, 10)}`;
}

/** What became of each import, for people. */
export function updateText({ imports, failure, toCommit }: UpdateResult): string {
  if (imports.length === 0) return failure === undefined ? 'Nothing was imported here.' : '';
  const rows = imports.map((each) => [each.path, each.state, adviceOf(each)]);
  return [textTable(rows), ...toCommitLines(toCommit)].join('\n');
}

function adviceOf({ path, state, source }: UpdatedPath): string {
  if (state === 'outdated') return `'ocrpipe update ${shellQuote(path)}' brings what is there now`;
  return state === 'updated' ? sourceText(source) : '';
}
