import { existsSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { OcrpipeError } from '../../../base/errors.js';
import { misnamed } from '../../../base/misnamed.js';
import { fromRepoPath, repoPath, type AbsPath, type RepoPath } from '../../../base/paths.js';
import { readConfigYaml, readSharedFile } from '../../../config/config-file.js';
import { bytePath } from '../../../tracking/byte-path.js';
import type { FileChoice } from '../../../tracking/file-choice.js';
import { PIPELINE_FILE } from '../stage/file-names.js';
import { isGlob, parseGlob } from '../dependencies/globs.js';
import { problemOf, type Problem } from '../problems/problems.js';

const STATE_FOLDER = '.ocrstore';

/** The pipeline files of a workspace, that of the root first, and what is wrong with those that its settings name. */
export interface PipelineFiles {
  readonly files: readonly RepoPath[];
  readonly problems: readonly Problem[];
}

/**
 * pipeline.yaml at the root, if it is there, and what `pipelines` of `.ocrstore/config.yaml` names: files, or patterns of them.
 * Problems: `no-pipeline`, `invalid-value`, `path-outside-workspace`.
 */
export function pipelineFiles(root: AbsPath): PipelineFiles {
  const folder = join(root, STATE_FOLDER) as AbsPath;
  const { pipelines = [] } = readSharedFile(folder);
  const files = new Set<RepoPath>(existsSync(fromRepoPath(root, PIPELINE_FILE)) ? [PIPELINE_FILE] : []);
  const problems: Problem[] = [];
  for (const [index, written] of pipelines.entries()) {
    const found = namedFiles(root, written);
    for (const file of found.files) files.add(file);
    if (!found.problem) continue;
    const location = readConfigYaml(folder, 'shared')?.locate(['pipelines', index]);
    problems.push({ ...found.problem, ...(location && { location }) });
  }
  return { files: [...files], problems };
}

function namedFiles(root: AbsPath, written: string): { files: RepoPath[]; problem?: Problem } {
  let path: RepoPath;
  try {
    path = repoPath(written);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    return { files: [], problem: problemOf(error) };
  }
  if (posix.basename(path) !== PIPELINE_FILE) return { files: [], problem: otherName(written) };
  if (isGlob(path)) {
    const { base, choice } = parseGlob(path);
    return { files: chosen(root, base, choice).sort() };
  }
  if (existsSync(fromRepoPath(root, path))) return { files: [path] };
  const other = misnamed(root, path);
  return {
    files: [],
    problem: {
      code: 'no-pipeline',
      message: other?.message ?? `there is no ${path}, which 'pipelines' names`,
      hint: other?.hint ?? 'Correct the path, which starts from the root of the workspace, or take it out.',
    },
  };
}

function otherName(written: string): Problem {
  const folder = written.replace(/\/$/, '');
  return {
    code: 'invalid-value',
    message: `'${written}' in 'pipelines' is no ${PIPELINE_FILE}`,
    hint: `Each folder has its own file of that name: write ${folder}/${PIPELINE_FILE}, or a pattern such as */${PIPELINE_FILE}.`,
  };
}

/** The files below a folder that a choice takes. */
function chosen(root: AbsPath, folder: RepoPath, choice: FileChoice): RepoPath[] {
  return entriesOf(fromRepoPath(root, folder)).flatMap((entry): RepoPath[] => {
    const path = posix.join(folder, entry.name) as RepoPath;
    const name = bytePath(entry.name);
    if (!entry.isDirectory()) return choice.takes(name) ? [path] : [];
    const inside = choice.within(name);
    return inside ? chosen(root, path, inside) : [];
  });
}

function entriesOf(folder: AbsPath) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
