import { runProcess, type RunResult } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../../rig/workspace.js';

/** A workspace with `data/raw` (files a, b and sub/c) tracked and committed on `main`, and the merge drivers in git. */
export async function mergingWorkspace(root = temporaryFolder()): Promise<TestWorkspace> {
  const workspace = await newWorkspace(root);
  await workspace.ocrpipe('install');
  await commitData(workspace, { a: '1', b: '2', 'sub/c': '3' }, 'base');
  return workspace;
}

/** Changes files of `data/raw` (undefined deletes one), tracks that and commits it. */
export async function commitData(
  workspace: TestWorkspace,
  files: Readonly<Record<string, string | undefined>>,
  message: string,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) workspace.remove(`data/raw/${name}`);
    else workspace.write(`data/raw/${name}`, content);
  }
  await workspace.ocrpipe('add', 'data/raw');
  return workspace.commit(message);
}

/** Goes to a branch (a new one begins at `from`) and has its data in place. */
export async function goTo(workspace: TestWorkspace, branch: string, from?: string): Promise<void> {
  await workspace.git('checkout', '--quiet', ...(from === undefined ? [branch] : ['-b', branch, from]));
  await workspace.ocrpipe('checkout');
}

/** Git as it ends, with what it said. */
export function tryGit(workspace: TestWorkspace, ...args: string[]): Promise<RunResult> {
  return runProcess('git', args, { cwd: workspace.root, env: workspace.env });
}

/** What stands at `data/raw`: contents by path. */
export async function dataIn(workspace: TestWorkspace): Promise<Record<string, string>> {
  const { stdout } = await runProcess('find', ['data/raw', '-type', 'f'], {
    cwd: workspace.root,
    env: workspace.env,
  });
  const paths = stdout.trim().split('\n').sort();
  return Object.fromEntries(paths.map((path) => [path.slice('data/raw/'.length), workspace.read(path)]));
}
