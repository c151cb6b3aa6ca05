import { OcrpipeError } from '../base/errors.js';
import {
  parseDescription,
  parseResult,
  type RemoteDescription,
  type RemoteResult,
} from '../pipeline/executors/remote/description.js';
import type { Remote } from '../remote/backends/remote.js';
import type { MarkedRoot } from '../remote/gc/mark-remote.js';
import { JOBS_PREFIX, listJobs, RemoteJob, type AttemptSeen } from '../remote/jobs/remote-job.js';
import { eachInParallel } from '../remote/parallel.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A job that has ended, and that nobody took over, is forgotten after so long; one that has not, after so long. */
const ENDED_MS = 31 * DAY_MS;
const WAITING_MS = 120 * DAY_MS;
const AT_ONCE = 8;

/** The jobs that are on a remote. */
export interface JobsThere {
  /** What jobs that somebody may still wait for read, or have made. */
  readonly roots: readonly MarkedRoot[];
  /** Jobs that nobody waits for any more. */
  readonly abandoned: readonly RemoteJob[];
}

/**
 * Looks at all jobs of a remote. One that another version of ocrpipe describes is left alone. `created` of a job and `now` are both the
 * remote's own clock.
 */
export async function jobsThere(remote: Remote, signal: AbortSignal): Promise<JobsThere> {
  const [roots, abandoned]: [MarkedRoot[], RemoteJob[]] = [[], []];
  const now = await remote.now({ signal });
  const listed = await listJobs(remote, JOBS_PREFIX, signal);
  await eachInParallel(listed, AT_ONCE, async ([key, seen]) => {
    const job = new RemoteJob(remote, key);
    const read = await readJob(job, seen, signal);
    if (read === 'unknown') return;
    if (read === 'gone' || isOver(read.description, { seen, now })) abandoned.push(job);
    else roots.push(...rootsOf(read));
  });
  return { roots, abandoned };
}

interface ReadJob {
  readonly description: RemoteDescription;
  readonly result: RemoteResult | undefined;
}

/** `gone`: without its description nobody wants it. */
async function readJob(
  job: RemoteJob,
  seen: AttemptSeen,
  signal: AbortSignal,
): Promise<ReadJob | 'gone' | 'unknown'> {
  const described = await job.description(signal);
  if (described === undefined) return (await job.isWanted(signal)) ? 'unknown' : 'gone';
  try {
    const result = seen.ended ? await job.result(signal) : undefined;
    return {
      description: parseDescription(described, job.key),
      result: result && parseResult(result, job.key),
    };
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'job-format') return 'unknown';
    throw error;
  }
}

function isOver({ created }: RemoteDescription, { seen, now }: { seen: AttemptSeen; now: Date }): boolean {
  return now.getTime() - Date.parse(created) > (seen.ended ? ENDED_MS : WAITING_MS);
}

function rootsOf({ description, result }: ReadJob): MarkedRoot[] {
  return [...description.inputs, ...(result?.outs ?? [])].map(({ id, kind, path }) => ({
    id,
    kind: kind === 'file' ? 'blob' : 'tree',
    needer: `${path} of a job of stage '${description.stage}'`,
    optional: true,
    recorded: false,
  }));
}
