/** What is to be taken of another repository, and where to. */
export interface Taking {
  /** A folder or URL, as it was typed. */
  repository: string;
  /** In the repository, from the folder that was named. */
  path: string;
  /** A folder that is there takes it by its own name. The current folder if left out. */
  out?: string | undefined;
  revision?: string | undefined;
  /** What stands there may be lost. */
  force: boolean;
  /** Downloads at once. */
  jobs: number;
}
