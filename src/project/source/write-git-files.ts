import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EventSink } from '../../base/events.js';
import { userError } from '../../base/errors.js';
import type { AbsPath } from '../../base/paths.js';
import { writePoint } from '../../base/write-points.js';
import type { ForeignFile } from '../../git/cached-repository.js';
import { linkProblem } from '../../tracking/scan/links.js';
import type { SourceRepository } from './source-repository.js';

/** So many files are in memory at once. */
const AT_ONCE = 200;

/** A file of git's and where it goes below the target; '' is the target itself. */
type Placed = ForeignFile & { at: string };

/**
 * Writes files that git holds to names that are free, links last: nothing is written through them. Links that lead out of what is
 * written are left out, and told.
 */
export async function writeGitFiles(
  source: SourceRepository,
  files: readonly Placed[],
  to: { at: (below: string) => AbsPath; events: EventSink },
): Promise<{ files: number; size: number }> {
  const written = { files: 0, size: 0 };
  const plain = files.filter(({ kind }) => kind !== 'link');
  for (let start = 0; start < plain.length; start += AT_ONCE) {
    const some = plain.slice(start, start + AT_ONCE);
    for (const [index, bytes] of (await source.read(some)).entries()) {
      const { at, kind } = some[index]!;
      const place = to.at(at);
      mkdirSync(dirname(place), { recursive: true });
      writePoint();
      writeFileSync(place, bytes, { flag: 'wx', mode: kind === 'executable' ? 0o777 : 0o666, flush: true });
      written.files += 1;
      written.size += bytes.length;
    }
  }
  written.files += await writeLinks(
    source,
    files.filter(({ kind }) => kind === 'link'),
    to,
  );
  return written;
}

async function writeLinks(
  source: SourceRepository,
  links: readonly Placed[],
  { at: placeOf, events }: { at: (below: string) => AbsPath; events: EventSink },
): Promise<number> {
  let written = 0;
  for (const [index, bytes] of (await source.read(links)).entries()) {
    const { at, path } = links[index]!;
    const target = bytes.toString('utf8');
    const problem = at === '' ? 'it would lead to something that is not here' : linkProblem(at, target);
    if (problem !== undefined) {
      const message = `${path} is a symbolic link that is left out: ${problem}`;
      if (at === '') throw userError('link-outside', message, { hint: 'Name what it leads to.' });
      events({ type: 'note', level: 'warning', code: 'link-left-out', message });
      continue;
    }
    mkdirSync(dirname(placeOf(at)), { recursive: true });
    writePoint();
    symlinkSync(target, placeOf(at));
    written += 1;
  }
  return written;
}
