import type { JobRunResult } from '../actions/job-run.js';
import { errorText } from './error-report.js';

export function jobRunText({ problem, folder, exitCode }: JobRunResult): string {
  if (problem) return errorText(problem);
  if (folder === undefined) return '';
  return exitCode === 0 ? `it ran in ${folder}` : `it failed with exit code ${exitCode} in ${folder}`;
}
