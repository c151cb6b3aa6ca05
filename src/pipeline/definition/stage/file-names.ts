import type { RepoPath } from '../../../base/paths.js';

/** The file that people write, at the workspace root. */
export const PIPELINE_FILE = 'pipeline.yaml' as RepoPath;
/** Where a parameter is looked up when no file is named. */
export const PARAMS_FILE = 'params.yaml';
/** What each stage last ran with and what it made; ocrpipe writes it, git holds it. */
export const LOCK_FILE = 'pipeline.lock' as RepoPath;
