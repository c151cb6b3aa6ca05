import { randomBytes } from 'node:crypto';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { Machine, randomFiles } from './rig.js';

export const LARGE_BYTES = 1_200_000;

/** A server that is started in a folder, killed, and started there again. */
export class RestartedServer {
  readonly #folder: string;
  #running: S3Server | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<S3Server> {
    return (this.#running = await startS3Server(this.#folder));
  }

  /** At once, whatever it is doing. */
  async kill(): Promise<void> {
    const killed = this.#running;
    this.#running = undefined;
    if (killed === undefined) return;
    process.kill(killed.pid, 'SIGKILL');
    await killed.stop();
  }
}

/** Commands act for the user of `server` who may write there. */
export function asWriter({ users }: S3Server): void {
  stubEnvironment(awsEnvironment(users.writer));
}

/** A machine with thirty small files and some large ones to push, and an empty one. */
export function stocked(large: number): { here: Machine; there: Machine; id: ReturnType<Machine['add']> } {
  const [here, there] = [new Machine(), new Machine()];
  const files = randomFiles(30, 500);
  for (let index = 0; index < large; index += 1) files[`large-${index}`] = randomBytes(LARGE_BYTES);
  return { here, there, id: here.add(files) };
}
