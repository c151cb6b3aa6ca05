import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../../../src/base/call.js';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { runOcrpipe, runProcess } from '../../rig/ocrpipe.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

/** The state of a job folder, as far as tests look at it. */
export interface JobFolderState {
  readonly attempt: number;
  readonly handle?: { readonly number: string; readonly task?: number };
  readonly settled?: boolean;
}

/** A workspace whose stages run elsewhere, and tests that wait for what they print. */
export class ClusterWorkspace extends PipelineWorkspace {
  readonly #awaited: { readonly isIt: (event: OcrpipeEvent) => boolean; readonly resolve: () => void }[] = [];

  override call(signal?: AbortSignal): Call {
    const call = super.call(signal);
    return {
      ...call,
      events: (event) => {
        call.events(event);
        for (const { isIt, resolve } of this.#awaited) if (isIt(event)) resolve();
      },
    };
  }

  /** Resolves once a stage has printed this line, from now on. */
  printed(line: string): Promise<void> {
    return this.event((event) => event.type === 'stage-output' && event.line === line);
  }

  /** Resolves at the next note with this code. */
  noted(code: string): Promise<void> {
    return this.event((event) => event.type === 'note' && event.code === code);
  }

  event(isIt: (event: OcrpipeEvent) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.push({ isIt, resolve });
    });
  }

  /** Runs `ocrpipe repro` in a process of its own, and kills it once `hasBegun`. */
  async killedRepro(hasBegun: () => boolean): Promise<void> {
    const kill = new AbortController();
    const killed = runOcrpipe(['repro'], { cwd: this.root, kill: kill.signal });
    await until(hasBegun);
    kill.abort();
    const { signal } = await killed;
    if (signal !== 'SIGKILL')
      throw new Error(`repro ended before it was killed: ${JSON.stringify(await killed)}`);
  }

  /** True once the log of the first attempt of a stage says so. */
  hasBegun(stage: string): boolean {
    return this.jobs(stage).some((folder) => textOf(join(folder, 'attempt-1', 'log')).includes('begun'));
  }

  /** The job folders of a stage. */
  jobs(stage: string): string[] {
    const folder = this.path('.ocrstore/jobs');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.replace(/-[0-9a-f]{12}$/, '') === stage)
      .map((name) => join(folder, name));
  }

  job(stage: string): string {
    const [only, ...others] = this.jobs(stage);
    if (only === undefined || others.length > 0) throw new Error(`${others.length} other jobs of ${stage}`);
    return only;
  }

  jobState(stage: string): JobFolderState {
    return JSON.parse(readFileSync(join(this.job(stage), 'state.json'), 'utf8')) as JobFolderState;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Looks again and again: what is waited for is another process's, which tells nobody. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await runProcess('sleep', ['0.1'], { cwd: '/' });
}

/** A command line that says that it began, and goes on once the workspace holds a file; after a minute in any case. */
export function waitFor(file: string): string {
  return `echo begun; n=0; until [ -e ${file} ] || [ $n = 600 ]; do sleep 0.1; n=$((n+1)); done`;
}
