/**
 * Exit codes of `ocrpipe job run` where it could leave no result: the only word that reaches whoever submitted the job. As in sysexits.h
 * where there is one.
 */
export const JOB_EXIT = {
  /** Something failed that has no code of its own. */
  failed: 70,
  /** The remote cannot be reached. */
  unreachable: 69,
  /** The node has no room for what the job reads or makes. */
  full: 73,
  /** It was ended, or is not wanted, or was started before: there is nothing to say. */
  ended: 75,
  /** No credentials for the remote were found, or they were refused. */
  credentials: 77,
} as const;

const TEXTS: Readonly<Record<number, (where: string) => string>> = {
  [JOB_EXIT.failed]: () => 'ocrpipe failed on the node: its words are in the output file of the job there',
  [JOB_EXIT.unreachable]: (where) => `its node cannot reach ${where}`,
  [JOB_EXIT.full]: () => 'no space is left on its node',
  [JOB_EXIT.credentials]: (where) =>
    `its node has no credentials for ${where} that work: the AWS default chain is asked there, in the environment of the job`,
  126: () => "its node cannot run what the executor's setting 'ocrpipe' names",
  127: () =>
    "its node has no ocrpipe on its PATH: the executor's settings 'ocrpipe' and 'setup' say where it is",
};

/** What an exit code says of a job that left no result; undefined: nothing. `where` is the remote. */
export function exitCodeText(code: number, where: string): string | undefined {
  return TEXTS[code]?.(where);
}
