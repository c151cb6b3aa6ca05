import type { ExecutorSettings } from '../../../config/settings.js';
import type { Stage } from '../../definition/stage/stage.js';
import type { Job } from '../executor.js';

const MIB = 1024 * 1024;
/** What sbatch takes as they are. */
const PLAIN = ['partition', 'account', 'qos', 'constraint'] as const;

/** The settings for one stage: those of the configuration, and what the stage says otherwise. */
function settingsFor(settings: ExecutorSettings, stage: Stage): ExecutorSettings {
  return { ...settings, ...stage.executor?.settings };
}

/** The options of sbatch that say where a stage runs and what it takes. Two stages may share an array if they are equal. */
function resourceOptions(settings: ExecutorSettings, stage: Stage): string[] {
  const chosen = settingsFor(settings, stage);
  const { cpu, gpu, memory } = stage.resources;
  const gres = chosen.gres ?? (gpu === undefined ? undefined : `gpu:${gpu}`);
  return [
    ...PLAIN.flatMap((name) => (chosen[name] === undefined ? [] : [`--${name}=${chosen[name]}`])),
    ...(chosen.time === undefined ? [] : [`--time=${chosen.time}`]),
    ...(gres === undefined ? [] : [`--gres=${gres}`]),
    ...(cpu === undefined ? [] : [`--cpus-per-task=${cpu}`]),
    ...(memory === undefined ? [] : [`--mem=${Math.ceil(memory / MIB)}M`]),
    ...(chosen.options ?? []),
  ];
}

/** What members of one matrix have in common: the name before its '@'. */
export function groupOf({ name }: Stage): string {
  return name.split('@')[0]!;
}

/** A batch of jobs that are submitted as one. */
export interface Batch {
  readonly jobs: readonly [Job, ...Job[]];
  readonly options: readonly string[];
}

/** Jobs of one group that want the same become one batch. */
export function batchesOf(settings: ExecutorSettings, jobs: readonly Job[]): Batch[] {
  const batches = new Map<string, { jobs: [Job, ...Job[]]; options: string[] }>();
  for (const job of jobs) {
    const options = resourceOptions(settings, job.stage);
    const key = JSON.stringify([groupOf(job.stage), options]);
    const known = batches.get(key);
    if (known) known.jobs.push(job);
    else batches.set(key, { jobs: [job], options });
  }
  return [...batches.values()];
}

/** What Slurm runs: the one job, or that of the task, after the lines of `setup`. */
export function batchScript(
  jobs: readonly Job[],
  { startLine, setup }: { startLine: (job: Job) => string; setup: readonly string[] },
): string {
  const head = ['#!/bin/sh', ...setup];
  if (jobs.length === 1) return [...head, startLine(jobs[0]!), ''].join('\n');
  const cases = jobs.map((job, task) => `${task}) ${startLine(job)} ;;`);
  return [...head, 'case $SLURM_ARRAY_TASK_ID in', ...cases, 'esac', ''].join('\n');
}
