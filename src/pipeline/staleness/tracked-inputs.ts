import { join } from 'node:path';
import type { PathPattern } from '../../base/path-pattern.js';
import { isWithin, type RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { removeAbandonedIn } from '../../tracking/abandoned.js';
import { bytePath } from '../../tracking/byte-path.js';
import type { NeededPart } from '../../tracking/partial/needed-parts.js';
import { isRestUnknown } from '../../tracking/unknown-rest.js';
import type { PathState, PathStatus, Snapshot } from '../../tracking/workspace-files.js';
import { OutputIndex, withParents } from '../definition/graph/graph.js';
import { readBy, touches } from '../definition/dependencies/dependency-part.js';
import type { NeededPath, PipelineHost } from '../host.js';
import { isNeededHere, partsRead, patternRead, putNeeded } from './needed-data.js';
import type { Expected, Observer } from './observe.js';
import type { LockEntry } from '../records/lock-file.js';
import { editedOutputs, isOutputRestUnknown, type StageNow } from './staleness.js';
import { throwProblems, type Problem } from '../definition/problems/problems.js';
import type { Dependency, Pipeline } from '../definition/stage/stage.js';
import { unmergedOutput } from './unmerged-output.js';
import { wayBack } from './way-back.js';

/** A tracked path that a stage reads, whose pointer and bytes do not agree. */
export interface Unsettled {
  readonly path: RepoPath;
  readonly state: PathState;
  readonly pointer: Snapshot;
  /** A stage reads more of it than the parts that were pulled. */
  readonly incomplete: boolean;
  /** Nothing of it is here, and what stages read of it can be told from its pointer: none reads a folder that holds it. */
  readonly absent: boolean;
  /** It was edited, and it is not known which files of it were deleted and which never came. */
  readonly unknownRest: boolean;
  /** What stages read of a directory of which not all is here, with the parts that are; undefined: all of it is needed. */
  readonly parts: PathPattern | undefined;
  /** The parts that were pulled, of a directory of which not all was. */
  readonly there: readonly RepoPath[] | undefined;
  /** The stage that makes it, if it is an output that the chosen stages only read. */
  readonly maker: string | undefined;
}

/**
 * The paths with a pointer that the chosen stages read and do not make, where pointer, what was last put there and what is
 * there do not agree. Changes nothing.
 */
export async function unsettledInputs(
  {
    host,
    pipeline,
    observer,
    pointers,
  }: { host: PipelineHost; pipeline: Pipeline; observer: Observer; pointers: readonly RepoPath[] },
  chosen: readonly string[],
): Promise<Unsettled[]> {
  const outputs = new OutputIndex(pipeline.stages.values());
  const handled = new Set(chosen.filter((name) => !pipeline.stages.get(name)!.frozen));
  const deps = chosen.flatMap((name) => readBy(pipeline.stages.get(name)!));
  const values = chosen.flatMap((name) => pipeline.stages.get(name)!.params.map(({ file }) => file));
  const read = pointers
    .filter((path) => !handled.has(outputs.makerOf(path) ?? ''))
    .filter((path) => deps.some((dep) => touches(dep, path)));
  const states = await Promise.all(
    read.map(async (path): Promise<Unsettled[]> => {
      const status = await observer.tracked(path);
      const used = deps.filter((dep) => touches(dep, path));
      const asParameters = values.some((file) => isWithin(file, path));
      return unsettledInput(host, { path, status, used, asParameters, maker: outputs.makerOf(path) });
    }),
  );
  return states.flat().filter(({ state }) => state !== 'clean');
}

/** A tracked path and what stages read of it. */
interface ReadPath {
  readonly path: RepoPath;
  readonly status: PathStatus;
  /** All of these touch it. */
  readonly used: readonly Pick<Dependency, 'path' | 'part'>[];
  /** Parameters are read in it. */
  readonly asParameters: boolean;
  readonly maker: string | undefined;
}

function unsettledInput(
  host: PipelineHost,
  { path, status, used, asParameters, maker }: ReadPath,
): Unsettled[] {
  const { state, pointer, parts } = status;
  if (pointer === undefined) return [];
  const needed = pointer.kind === 'directory' ? partsRead(used, path) : undefined;
  const incomplete = parts !== undefined && !isCovered(host, { path, pointer, parts }, { used, needed });
  const comes = incomplete && (state === 'clean' || state === 'pointer-moved');
  const edited = state === 'modified' || state === 'conflict';
  const shown = comes ? 'missing' : state;
  const absent = state === 'missing' && !asParameters && used.every((dep) => isToldByPointer(dep, path));
  // What a stage makes is there as a whole, or the stage is not up to date.
  const inParts = maker === undefined && (shown === 'missing' || parts !== undefined);
  return [
    {
      ...{ path, state: shown, pointer, incomplete, absent, maker, there: parts },
      unknownRest: edited && isRestUnknown(status, host.files),
      parts: needed && inParts ? patternRead(needed, path, parts ?? []) : undefined,
    },
  ];
}

/** True if all that is read of a directory lies in the parts that are there. */
function isCovered(
  host: PipelineHost,
  { path, pointer, parts }: { path: RepoPath; pointer: Snapshot; parts: readonly RepoPath[] },
  { used, needed }: { used: readonly Pick<Dependency, 'path'>[]; needed: readonly NeededPart[] | undefined },
): boolean {
  const there = new Set(parts);
  const isThere = (place: RepoPath): boolean => withParents(place).some((each) => there.has(each));
  if (used.every((dep) => isThere(dep.path))) return true;
  const listed = needed && host.partsIn({ path, snapshot: pointer }, patternRead(needed, path, []));
  return listed?.places.every(isThere) === true;
}

/** What is needed of it. */
export function neededOf({ path, pointer, parts }: Unsettled): NeededPath {
  return { path, snapshot: pointer, parts };
}

/** Where a part of it counts, or a folder that holds it, the bytes have to be looked at. */
function isToldByPointer(dep: Pick<Dependency, 'path' | 'part'>, path: RepoPath): boolean {
  return dep.part === undefined && isWithin(dep.path, path);
}

/**
 * What keeps them from being settled: both changed (`changed-on-both-sides`), an output edited by hand (`output-changed`),
 * bytes that are nowhere here (`missing-data`).
 */
export function unsettledProblems(
  host: PipelineHost,
  pipeline: Pipeline,
  unsettled: readonly Unsettled[],
): Problem[] {
  return unsettled.flatMap((each): Problem[] => {
    const { path, state, pointer, incomplete, unknownRest, maker } = each;
    const mayChange = maker === undefined || pipeline.stages.get(maker)!.frozen;
    if (unknownRest) return [notAllHere(host, { path, pointer, edited: true, maker, frozen: mayChange })];
    if (state === 'conflict') return [bothChanged(path)];
    if (state === 'modified' && incomplete) return [partlyHere(path)];
    if (state === 'modified' && !mayChange) return [editedOutput(path, maker)];
    if (state === 'modified' || isNeededHere(host, neededOf(each))) return [];
    return [
      {
        code: 'missing-data',
        message: `the bytes of '${path}' are neither in the workspace nor in the store`,
        // With the data alone, every stage that reads it would run again, though the remote may have its result as well.
        hint: incomplete
          ? `Get the rest: 'ocrpipe pull ${shellQuote(path)}', or with --pull only what stages read.`
          : "Get them: 'ocrpipe pull'.",
      },
    ];
  });
}

function bothChanged(path: RepoPath): Problem {
  const quoted = shellQuote(path);
  return {
    code: 'changed-on-both-sides',
    message: `'${path}' was edited here, and its pointer '${path}.ocr' was changed too`,
    hint: `To take the edited bytes: 'ocrpipe commit ${quoted}'. To take those of the pointer: 'ocrpipe checkout --force ${quoted}'.`,
  };
}

function partlyHere(path: RepoPath): Problem {
  const quoted = shellQuote(path);
  return {
    code: 'missing-data',
    message: `only parts of '${path}' are here, and they were edited`,
    hint: `Record the edits, then get the rest: 'ocrpipe commit ${quoted}', 'ocrpipe pull ${quoted}'.`,
  };
}

/** A path of which nothing says what was deleted and what never came. */
interface NotAllHere {
  readonly path: RepoPath;
  readonly pointer: Snapshot;
  /** Other files of it were edited. */
  readonly edited: boolean;
  /** The stage whose output it is. */
  readonly maker: string | undefined;
  /** That stage is not run. */
  readonly frozen?: boolean;
}

type Asked = Pick<PipelineHost, 'files' | 'canPull'>;

/** The refusal to take what is there for the whole, with every way out. */
export function notAllHere(host: Asked, found: NotAllHere): Problem {
  const { path, pointer, edited, maker, frozen } = found;
  const quoted = shellQuote(path);
  const get = host.files.inStore(pointer) ? 'checkout' : host.canPull ? 'pull' : undefined;
  const finish = edited
    ? `To have what its pointer names, and drop the edits: 'ocrpipe ${get} --force ${quoted}'. `
    : `To have what its pointer names: 'ocrpipe ${get} ${quoted}'. `;
  const remake = frozen === true ? '' : `To make it again: 'ocrpipe repro --force ${maker}'. `;
  const exactly =
    maker === undefined
      ? `To track exactly what is there: 'ocrpipe add ${quoted}'.`
      : `${remake}To record exactly what is there: remove ${path}.ocr, then 'ocrpipe commit ${maker}'.`;
  return {
    code: 'missing-data',
    message: `not all of '${path}' is here${edited ? ', and it was edited' : ''}: which files of it were deleted and which never came is not known`,
    hint: `${get === undefined ? '' : finish}${exactly}`,
  };
}

/** The refusals to overwrite outputs of a stage that somebody edited. */
export function editedProblems(
  host: Asked & Pick<PipelineHost, 'root'>,
  { name, outs }: Pick<StageNow, 'name' | 'outs'>,
  entry: LockEntry | undefined,
): Problem[] {
  return editedOutputs(outs, entry).map((out) => {
    const { path } = out.output;
    const { pointer } = out;
    return pointer && isOutputRestUnknown(out)
      ? notAllHere(host, { path, pointer, edited: true, maker: name })
      : (unmergedOutput(host.root, path, name) ?? editedOutput(path, name));
  });
}

/** The refusal to overwrite an output that somebody edited. */
export function editedOutput(path: RepoPath, stage: string): Problem {
  return {
    code: 'output-changed',
    message: `'${path}', an output of stage '${stage}', is not what ocrpipe put there`,
    hint: `To keep it as the stage's result: 'ocrpipe commit ${stage}'. To drop it and make it again: 'ocrpipe repro --force ${stage}'.`,
  };
}

/** What they will hold once settled, for a plan that changes nothing. */
export function expectedInputs(unsettled: readonly Unsettled[]): Expected[] {
  return unsettled
    .filter(({ state }) => state === 'pointer-moved' || state === 'missing')
    .map(({ path, pointer }) => ({ path, snapshot: pointer }));
}

/**
 * Settles them. Pointer moved or nothing there: the pointer's bytes are put there. Bytes edited: they are stored and the
 * pointer names them. Call `unsettledProblems` before, so that it is all or nothing.
 */
export async function settleInputs(host: PipelineHost, unsettled: readonly Unsettled[]): Promise<void> {
  throwProblems(unsettled.filter(({ state }) => state === 'conflict').map(({ path }) => bothChanged(path)));
  for (const each of unsettled) {
    const { path, state, there } = each;
    host.signal.throwIfAborted();
    // What a killed command left beside the pointer.
    removeAbandonedIn(bytePath(join(host.root, path, '..')));
    if (state !== 'modified') {
      const put = await putNeeded(host, { ...neededOf(each), there });
      if (put !== undefined) note(host, 'data-put-in-place', `${path}: put there ${put}`);
      continue;
    }
    const snapshot = await host.files.store(path, host);
    if (!snapshot) continue;
    await host.files.writePointer(path, snapshot);
    const back = await wayBack(host, path);
    note(host, 'data-stored', `${path}: edited since it was added; stored it and updated ${path}.ocr${back}`);
  }
}

function note(host: PipelineHost, code: string, message: string): void {
  host.events({ type: 'note', level: 'info', code, message });
}
