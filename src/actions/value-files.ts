import type { RepoPath } from '../base/paths.js';
import type { Revision } from '../metrics/revision.js';
import { readValueFile, type ValueFile } from '../metrics/value-file.js';
import { pipelineFiles } from '../pipeline/definition/read/pipeline-files.js';
import { definitionIn } from '../pipeline/definition/read/read-definition.js';
import { PARAMS_FILE, PIPELINE_FILE } from '../pipeline/definition/stage/file-names.js';
import type { Pipeline } from '../pipeline/definition/stage/stage.js';
import { compareText } from '../pipeline/definition/stage/params.js';
import { unmergedHint } from '../pipeline/staleness/unmerged-output.js';
import { readIfThere } from '../pipeline/staleness/load.js';
import { workspaceRevision } from '../metrics/revision.js';
import type { Workspace } from '../project/workspace.js';
import { pointerPathOf } from '../tracking/pointers/plain-pointer.js';
import { parsePointer } from '../tracking/pointers/pointer.js';

/** The metrics files that the pipeline of a revision names and that are there. */
export function metricsAt(workspace: Workspace, revision: Revision): Promise<ValueFile[]> {
  return valueFilesAt(workspace, revision, ({ stages }) =>
    [...stages.values()].flatMap(({ name, outs }) =>
      outs
        .filter((out) => out.kind === 'metric')
        .map(({ path }) => ({ path, unmerged: unmergedHint(path, name) })),
    ),
  );
}

/** The files of values that the pipeline of a revision uses, by `params` or `vars`, and params.yaml, as far as they are there. */
export function paramsAt(workspace: Workspace, revision: Revision): Promise<ValueFile[]> {
  return valueFilesAt(workspace, revision, ({ stages, valueFiles }) => [
    ...[PARAMS_FILE as RepoPath, ...valueFiles].map((path) => ({ path })),
    ...[...stages.values()].flatMap(({ params }) => params.map(({ file }) => ({ path: file }))),
  ]);
}

/** The files as they stand. */
export function workspaceFiles(workspace: Workspace): Revision {
  return workspaceRevision((path) => readIfThere(workspace.root, path));
}

/** A file to read, and what to do there about the markers of a merge. */
interface NamedFile {
  readonly path: RepoPath;
  readonly unmerged?: string;
}

async function valueFilesAt(
  workspace: Workspace,
  revision: Revision,
  named: (pipeline: Pipeline) => readonly NamedFile[],
): Promise<ValueFile[]> {
  const here = revision.name === 'workspace';
  const pipeline = await pipelineAt(workspace, revision);
  const wanted = new Map(named(pipeline).map((each) => [each.path, each.unmerged]));
  const files = await Promise.all(
    [...wanted].sort(byPath).map(async ([path, unmerged]): Promise<ValueFile | undefined> => {
      const text = (await revision.text(path)) ?? (await storedText(workspace, revision, path));
      if (text === undefined) return undefined;
      return { ...readValueFile(text, placeIn(revision, path), here ? unmerged : COMMITTED_SO), file: path };
    }),
  );
  return files.filter((file) => file !== undefined);
}

/** The pipeline of a revision. Throws what `definitionIn` throws. */
export function pipelineAt(workspace: Workspace, revision: Revision): Promise<Pipeline> {
  const { files: definitions } = pipelineFiles(workspace.root);
  return definitionIn([...new Set([PIPELINE_FILE, ...definitions])], {
    text: (path) => revision.text(path),
    called: (path) => placeIn(revision, path),
  });
}

function placeIn({ name }: Revision, path: string): string {
  return name === 'workspace' ? path : `${name}:${path}`;
}

const COMMITTED_SO = 'It was committed so: name another commit.';

function byPath([a]: readonly [RepoPath, unknown], [b]: readonly [RepoPath, unknown]): number {
  return compareText(a, b);
}

/** A file that git does not hold is in the store, if the revision has a pointer to it. */
async function storedText(
  { store }: Workspace,
  revision: Revision,
  path: RepoPath,
): Promise<string | undefined> {
  const pointer = await revision.text(pointerPathOf(path));
  if (pointer === undefined) return undefined;
  const { id, kind } = parsePointer(pointer, pointerPathOf(path));
  return kind === 'file' && store.has('blob', id) ? store.read('blob', id).toString('utf8') : undefined;
}
