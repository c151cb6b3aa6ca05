import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { OcrpipeError } from '../../base/errors.js';
import { fromRepoPath, isWithin, repoPath, type RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { dependencyName, partOfWritten } from '../definition/dependencies/dependency-part.js';
import type { Stage } from '../definition/stage/stage.js';
import type { JobInput } from '../executors/remote/description.js';
import type { PipelineHost } from '../host.js';
import { sameContent, type LockedDependency, type StageInputs } from '../records/signature.js';
import { partContent } from '../staleness/dependency-content.js';
import type { StageNow } from '../staleness/staleness.js';

/** What a stage reads, and what of it is there. */
export interface ReadStage {
  readonly stage: Stage;
  readonly inputs: StageInputs;
  readonly now: StageNow;
}

/** Rules for what tracking leaves out, which hold for outputs as well. */
const IGNORE_FILE = '.ocrignore';

/**
 * Stores what a stage reads, in the form in which it reads it (through links, of patterns only what they name), and says what has to be
 * put where for its commands to run elsewhere: dependencies, files of parameters, outputs with `persist`, rules of what is ignored.
 * Throws `stage-changed-dependency` for what is no longer what the stage is run for.
 */
export async function storeInputs(
  host: PipelineHost,
  { stage, inputs, now }: ReadStage,
): Promise<JobInput[]> {
  const found: JobInput[] = [];
  for (const dep of inputs.deps) found.push(await storeDependency(host, stage, dep));
  const files = [...new Set(stage.params.map(({ file }) => file)), ...ignoreFiles(host, stage)];
  for (const file of files) {
    const snapshot = await host.files.storeRead(file, host);
    if (snapshot) found.push({ path: file, ...snapshot });
  }
  for (const { output, there } of now.outs) {
    if (output.persist && there) found.push({ path: output.path, ...there, persist: true });
  }
  return withoutInner(found);
}

async function storeDependency(host: PipelineHost, stage: Stage, dep: LockedDependency): Promise<JobInput> {
  const { path, part } = partOfWritten(dep);
  const { id, kind, size, files, executable } = dep;
  const known: Snapshot = {
    id,
    kind,
    size,
    ...(files !== undefined && { files }),
    ...(executable && { executable }),
  };
  const isLines = part?.kind === 'lines';
  if (!isLines && host.files.inStore(known)) return placed(path, known, part?.kind);
  const stored = await (part
    ? partContent(host, stage, { path, part }, { store: true })
    : host.files.storeRead(path, host));
  if (stored && (isLines || sameContent(stored, known))) return placed(path, stored, part?.kind);
  throw new OcrpipeError(
    'stage-changed-dependency',
    `'${dependencyName(dep)}', a dependency of stage '${stage.name}', changed while its job was prepared`,
    { hint: `Run 'ocrpipe repro' again when nobody writes there.` },
  );
}

function placed(path: RepoPath, snapshot: Snapshot, part: string | undefined): JobInput {
  const isSome = part !== undefined && snapshot.kind === 'directory';
  return { path, ...snapshot, ...(isSome && { part: true }) };
}

/** In the folders above what a stage makes. */
function ignoreFiles(host: PipelineHost, { outs }: Stage): RepoPath[] {
  const folders = new Set(outs.flatMap(({ path }) => foldersAbove(path)));
  return [...folders]
    .map((folder) => repoPath(posix.join(folder, IGNORE_FILE)))
    .filter((file) => existsSync(fromRepoPath(host.root, file)));
}

function foldersAbove(path: RepoPath): string[] {
  const above = posix.dirname(path);
  return above === '.' ? ['.'] : [above, ...foldersAbove(above as RepoPath)];
}

/** What lies in another one that is there as a whole comes with it. */
function withoutInner(inputs: readonly JobInput[]): JobInput[] {
  const name = ({ path, part, id }: JobInput): string => (part ? `${path} ${id}` : path);
  const unique = [...new Map(inputs.map((input) => [name(input), input])).values()];
  const whole = unique.filter(({ part }) => part === undefined);
  return unique.filter(
    (input) => !whole.some((other) => other !== input && isWithin(input.path, other.path)),
  );
}
