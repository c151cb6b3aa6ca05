import * as Args from '@oclif/core/args';
import { diff, type DiffResult } from '../actions/diff.js';
import { shellQuote } from '../base/shell-quote.js';
import { BaseCommand } from '../cli/base-command.js';
import { visibleInLine } from '../cli/visible.js';

export default class Diff extends BaseCommand {
  static override summary = 'List added, modified, deleted and renamed files of tracked paths.';
  static override description =
    'Compares two commits, or a commit (default: HEAD) with the workspace. A rename is a file that is gone here and there elsewhere, byte for byte.';
  static override examples = [
    '<%= config.bin %> diff',
    '<%= config.bin %> diff HEAD~1',
    '<%= config.bin %> diff v1 v2 --json',
  ];
  static override args = {
    from: Args.string({ description: 'commit, branch or tag (default: HEAD)' }),
    to: Args.string({ description: 'commit, branch or tag (default: the workspace)' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    await this.perform(flags, { action: (call) => diff(args, call), text: diffText });
  }
}

const LISTED = 50;

function diffText({ added, modified, deleted, renamed, unknown }: DiffResult): string {
  const lines = [
    ...listed(
      'A',
      added.map(({ path }) => path),
    ),
    ...listed(
      'M',
      modified.map(({ path }) => path),
    ),
    ...listed(
      'D',
      deleted.map(({ path }) => path),
    ),
    ...listed(
      'R',
      renamed.map(({ from, path }) => `${from} -> ${path}`),
    ),
    ...unknown.map(
      ({ path }) => `?  ${path}  (differs; 'ocrpipe pull ${shellQuote(path)}' tells which files)`,
    ),
  ];
  if (lines.length === 0) return 'No differences.';
  const counts = `${added.length} added, ${modified.length} modified, ${deleted.length} deleted, ${renamed.length} renamed`;
  return [...lines, counts].join('\n');
}

function listed(mark: string, names: readonly string[]): string[] {
  const more = names.length - LISTED;
  const lines = names.slice(0, LISTED).map((name) => `${mark}  ${visibleInLine(name)}`);
  return more > 0 ? [...lines, `${mark}  and ${more} more (--json lists all)`] : lines;
}
