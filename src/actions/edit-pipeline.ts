import { posix } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { userError, type OcrpipeError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { readPipeline } from '../pipeline/definition/read/definition.js';
import { PIPELINE_FILE } from '../pipeline/definition/stage/file-names.js';
import { buildGraph } from '../pipeline/definition/graph/graph.js';
import { pipelineFiles } from '../pipeline/definition/read/pipeline-files.js';
import { throwProblems } from '../pipeline/definition/problems/problems.js';
import type { Pipeline } from '../pipeline/definition/stage/stage.js';
import { outputProblems, placeProblems } from '../pipeline/definition/graph/validate.js';
import { readIfThere } from '../pipeline/staleness/load.js';
import { Workspace } from '../project/workspace.js';
import { stagingOf } from '../tracking/staging.js';
import { toCommit, type ToCommit } from './to-commit.js';

/** Where a stage is written: its file, and its name there. */
export interface StagePlace {
  readonly file: RepoPath;
  readonly name: string;
}

/** Texts of pipeline files while they are edited. */
export class PipelineTexts {
  readonly #workspace: Workspace;
  readonly #edited = new Map<RepoPath, string>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** The stages as they would be. Throws every problem at once, and `cycle`. */
  pipeline(): Pipeline {
    const found = pipelineFiles(this.#workspace.root);
    const files = [...new Set([...this.#edited.keys(), ...found.files])].sort(rootFirst);
    const { pipeline, problems } = readPipeline({
      files,
      read: (path) => this.#edited.get(path) ?? readIfThere(this.#workspace.root, path),
      environment: process.env,
    });
    throwProblems([...found.problems, ...problems, ...placeProblems(pipeline), ...outputProblems(pipeline)]);
    buildGraph(pipeline);
    return pipeline;
  }

  /** '' where there is no such file. */
  text(file: RepoPath): string {
    return this.#edited.get(file) ?? readIfThere(this.#workspace.root, file) ?? '';
  }

  edit(file: RepoPath, text: string): void {
    this.#edited.set(file, text);
  }

  /** Writes what changed, each file whole. */
  write(): RepoPath[] {
    const { root } = this.#workspace;
    const changed = [...this.#edited].filter(([file, text]) => text !== readIfThere(root, file));
    for (const [file, text] of changed)
      writeFileAtomic(fromRepoPath(root, file), text, { staging: stagingOf(root) });
    return changed.map(([file]) => file);
  }
}

function rootFirst(a: RepoPath, b: RepoPath): number {
  return Number(b === PIPELINE_FILE) - Number(a === PIPELINE_FILE);
}

/**
 * Edits pipeline files: `edit` changes the texts, what they say then is checked as `repro` would, and only then they are written.
 * People and other commands that edit them at once are not overwritten unseen: one command at a time.
 */
export async function editPipeline<T>(
  call: Call,
  command: string,
  edit: (texts: PipelineTexts) => T,
): Promise<T & ToCommit> {
  const workspace = Workspace.open(call, command);
  try {
    return await workspace.exclusively('config', async () => {
      const texts = new PipelineTexts(workspace);
      const result = edit(texts);
      texts.pipeline();
      const files = texts.write();
      const { git, root } = workspace;
      return { ...result, ...(await toCommit({ git, root, cwd: call.cwd }, files)) };
    });
  } finally {
    workspace.close();
  }
}

/** Where a stage, or what several stages are made of, is written. Throws `unknown-stage` and `stage-generated`. */
export function writtenPlace(pipeline: Pipeline, name: string): StagePlace {
  const stage = pipeline.stages.get(name);
  if (stage?.group) throw generated(name, stage.group.name);
  const one = stage ?? [...pipeline.stages.values()].find(({ group }) => group?.name === name);
  if (one === undefined) {
    const groups = [...pipeline.stages.values()].flatMap(({ group }) => (group ? [group.name] : []));
    throw userError('unknown-stage', `there is no stage '${name}'`, {
      hint: suggest(name, [...new Set([...groups, ...pipeline.stages.keys()])]),
    });
  }
  const { file } = pipeline.locate(['stages', one.name], { key: true });
  const folder = posix.dirname(file);
  return { file: file as RepoPath, name: folder === '.' ? name : name.slice(folder.length + 1) };
}

function generated(name: string, group: string): OcrpipeError {
  return userError('stage-generated', `the stage '${name}' is made from '${group}', with others`, {
    hint: `Name '${group}', for all of them.`,
  });
}
