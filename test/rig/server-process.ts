import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server of one of the scripts that print a line of JSON once it answers. */
export interface ServerProcess<Description> {
  /** What the script says of it; undefined if it could not be started. */
  description: Description | undefined;
  stop: () => Promise<void>;
}

/** Runs `scripts/NAME start ...MORE`, which installs the server first if need be. It ends with this process at the latest. */
export async function startServer<Description>(
  name: string,
  ...more: string[]
): Promise<ServerProcess<Description>> {
  const script = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const child = spawn(process.execPath, [script, 'start', ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return { description: line === undefined ? undefined : (JSON.parse(line) as Description), stop };
}
