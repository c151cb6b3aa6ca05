/** What Slurm says of one job, or one task of an array. */
export interface QueuedJob {
  /** The number of the job, or of its array. */
  readonly number: string;
  /** Of a task of an array. */
  readonly task?: number;
  /** As Slurm words it: PENDING, RUNNING, … */
  readonly state: string;
  readonly name: string;
}

/** The columns that `parseQueue` reads. */
export const QUEUE_FORMAT = '%F|%K|%T|%j';

/** What squeue printed in `QUEUE_FORMAT`, arrays expanded, without a head. */
export function parseQueue(text: string): QueuedJob[] {
  return text.split('\n').flatMap((line): QueuedJob[] => {
    const [number = '', task = '', state = '', ...name] = line.trim().split('|');
    if (!/^\d+$/.test(number)) return [];
    return [{ number, state, name: name.join('|'), ...(/^\d+$/.test(task) && { task: Number(task) }) }];
  });
}

/** What a state says of a job that left no result. */
export type StateMeaning = 'waiting' | 'running' | { readonly why: string; readonly again: boolean };

const ENDED: Readonly<Record<string, StateMeaning>> = {
  PENDING: 'waiting',
  REQUEUED: 'waiting',
  REQUEUE_HOLD: 'waiting',
  REQUEUE_FED: 'waiting',
  RESV_DEL_HOLD: 'waiting',
  SPECIAL_EXIT: 'waiting',
  CONFIGURING: 'waiting',
  CANCELLED: { why: 'was cancelled', again: false },
  TIMEOUT: { why: 'ran longer than its time limit', again: false },
  DEADLINE: { why: 'missed its deadline', again: false },
  OUT_OF_MEMORY: { why: 'needed more memory than it asked for', again: false },
  PREEMPTED: { why: 'was preempted', again: true },
  NODE_FAIL: { why: 'lost its node', again: true },
  BOOT_FAIL: { why: 'lost its node', again: true },
  LAUNCH_FAILED: { why: 'could not be launched', again: true },
  RECONFIG_FAIL: { why: 'could not be launched', again: true },
  REVOKED: { why: 'was revoked', again: true },
  FAILED: { why: 'left no result', again: false },
  COMPLETED: { why: 'left no result', again: false },
};

/** What Slurm's word for a state comes to; one that is not known is that of a job that has not ended. */
export function meaningOf(state: string): StateMeaning {
  return ENDED[state.replace(/[ +].*$/, '')] ?? 'running';
}
