import type { AbsPath, RepoPath } from '../../../base/paths.js';
import { readUtf8IfThere } from '../../../base/read-text.js';
import { ParsedFiles } from './parsed-files.js';
import { readPipeline, type ReadPipeline } from './definition.js';
import { pipelineFiles } from './pipeline-files.js';
import { throwProblems } from '../problems/problems.js';
import type { Pipeline } from '../stage/stage.js';

/** All pipeline files of a workspace, and every problem found in them; undefined if it has none. */
export function readDefinition(root: AbsPath): ReadPipeline | undefined {
  const { files, problems } = pipelineFiles(root);
  if (files.length === 0 && problems.length === 0) return undefined;
  const parsed = new ParsedFiles(root);
  const read = readPipeline({
    files,
    read: (path) => readUtf8IfThere(root, path),
    environment: process.env,
    parse: (text, file) => parsed.parse(text, file),
  });
  parsed.save();
  return { pipeline: read.pipeline, problems: [...problems, ...read.problems] };
}

/** The pipeline of a workspace; undefined if it has none. Throws every problem found in it at once. */
export function definitionOf(root: AbsPath): Pipeline | undefined {
  const read = readDefinition(root);
  if (read) throwProblems(read.problems);
  return read?.pipeline;
}

/**
 * The pipeline in files that are not at hand at once: those of a commit. `text` gives one, undefined where there is none. Throws every
 * problem found at once. References to the environment stand for its present values.
 */
export async function definitionIn(
  files: readonly RepoPath[],
  {
    text,
    called,
  }: { text: (path: RepoPath) => Promise<string | undefined>; called: (path: RepoPath) => string },
): Promise<Pipeline> {
  const texts = new Map<RepoPath, string | undefined>();
  for (;;) {
    const missing = new Set<RepoPath>();
    const read = readPipeline({
      files: files.filter((path) => !texts.has(path) || texts.get(path) !== undefined),
      read: (path) => {
        if (!texts.has(path)) missing.add(path);
        return texts.get(path);
      },
      environment: process.env,
      called,
    });
    if (missing.size === 0) {
      throwProblems(read.problems);
      return read.pipeline;
    }
    for (const path of missing) texts.set(path, await text(path));
  }
}
