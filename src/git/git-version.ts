/** The version of the git that is on the PATH ('2.43.0'), or undefined if there is none. */
export async function gitVersion(): Promise<string | undefined> {
  const { simpleGit } = await import('simple-git');
  const { installed, major, minor, patch } = await simpleGit().version();
  return installed ? [major, minor, patch].join('.') : undefined;
}
