import { z } from 'zod';
import { LINK_TYPES, type LinkType } from '../base/link-type.js';

const BANDWIDTH_RULE = 'a bandwidth is bytes a second, written like 500kB or 10MB';
const BANDWIDTH = /^(\d{1,9})(kB|MB|GB)$/;
const BANDWIDTH_UNITS: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };

/** '10MB' in bytes a second. */
export function bytesPerSecond(text: string): number {
  const [, count, unit = ''] = BANDWIDTH.exec(text) ?? [];
  return Number(count) * (BANDWIDTH_UNITS[unit] ?? 0);
}

/** True for a bandwidth as it is written. */
export function isBandwidth(text: string): boolean {
  return bytesPerSecond(text) > 0;
}

/** One remote as the configuration names it. Credentials are never part of it: they come from the AWS default chain. */
export const remoteSchema = z.strictObject({
  /** `s3://bucket/prefix`, `file:///folder`, or a folder relative to the workspace root. */
  url: z.string().min(1),
  /** Address of an S3 service other than AWS. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z.string().min(1).optional(),
  /** Profile of the AWS configuration files. */
  profile: z.string().min(1).optional(),
  /** Address buckets as a path (`host/bucket`), which most S3 services other than AWS need. */
  pathStyle: z.boolean().optional(),
  /** File with certificates (PEM) that are trusted beside the usual ones; relative to the workspace root. */
  caBundle: z.string().min(1).optional(),
  /** Use no credentials: for buckets that everybody may read. */
  anonymous: z.boolean().optional(),
  /** How the server encrypts what is written: with its own keys, or with those of KMS. */
  sse: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
  /** Key of KMS; the default one of the bucket unless named. */
  sseKmsKeyId: z.string().min(1).optional(),
  /** File with a key of 32 bytes that the server encrypts with and does not keep (SSE-C); relative to the workspace root. */
  sseCustomerKeyFile: z.string().min(1).optional(),
  /** Where the server puts what is written: STANDARD_IA, … */
  storageClass: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'a storage class is written like STANDARD_IA')
    .optional(),
  /** `when_required`: send no checksum headers, for services that refuse them; uploads stay signed with their SHA-256. */
  requestChecksumCalculation: z.enum(['when_supported', 'when_required']).optional(),
  /** Bytes a second, at most, in each direction: 500kB, 10MB. */
  bandwidth: z.string().refine(isBandwidth, BANDWIDTH_RULE).optional(),
});

/** What a remote may be called. */
export const REMOTE_NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
export const NAME_RULE = 'has letters, digits, _, . and -, and begins with a letter or digit';

/** A place where stages run. */
const executorSchema = z.strictObject({
  /** `slurm`: a cluster. `module`: as the file `module` says. */
  type: z.enum(['slurm', 'module']),
  /** A JavaScript file of the workspace that makes the executor; relative to its root. */
  module: z.string().min(1).optional(),
  /** What a module is handed. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  partition: z.string().min(1).optional(),
  account: z.string().min(1).optional(),
  qos: z.string().min(1).optional(),
  constraint: z.string().min(1).optional(),
  /** As sbatch takes it, instead of the GPUs that the stage's resources name. */
  gres: z.string().min(1).optional(),
  /** Longest time that a job may run, as sbatch takes it: minutes, or D-HH:MM:SS. */
  time: z.union([z.string().min(1), z.number().positive()]).optional(),
  /** Further options of sbatch, as they are typed. */
  options: z.array(z.string().startsWith('-')).optional(),
  /** Name of the remote over which jobs get their inputs and give their outputs, where the nodes do not share the workspace's folder. */
  remote: z.string().min(1).optional(),
  /** How ocrpipe is called on a node, for jobs over a remote: a command line of the shell. Unless set: `ocrpipe`. */
  ocrpipe: z.string().min(1).optional(),
  /** Lines of the shell that come first in a job over a remote: what loads modules, or sets where credentials are found. */
  setup: z.array(z.string().min(1)).optional(),
  /** Where jobs over a remote make their folders on a node. Unless set: $TMPDIR, or /tmp. */
  folder: z.string().startsWith('/').optional(),
  /** Seconds between two questions to the controller, for all jobs at once: clusters ask that nobody asks often. */
  interval: z.number().positive().optional(),
  /** Minutes to wait for a controller, or a remote, that does not answer. */
  patience: z.number().positive().optional(),
  /** How often a job is submitted again that was preempted, or whose node failed. */
  retries: z.number().int().nonnegative().optional(),
});

const fields = {
  /** Tells this project's data from that of others on a shared remote. Made up when the first remote is added. */
  project: z.string().regex(/^[\w.-]{1,100}$/, 'a project has letters, digits, _, . and -'),
  remotes: z.record(z.string().regex(REMOTE_NAME, `the name of a remote ${NAME_RULE}`), remoteSchema),
  /** Name of the remote that push and pull use when none is named. */
  default: z.string(),
  /** Size of further resource pools that stages may take from. */
  pools: z.record(z.string(), z.number().positive()),
  /** Places where stages run, beside this machine. */
  executors: z.record(z.string().regex(REMOTE_NAME, `the name of an executor ${NAME_RULE}`), executorSchema),
  /** How large files come into the workspace: the first of these that works. */
  link: z.array(z.enum(LINK_TYPES)).min(1),
  gc: z.strictObject({
    /** How long what `gc` took away can be had back: days or hours, 24 hours at least. */
    grace: z
      .string()
      .refine(isGrace, 'a grace period is written like 7d or 36h, and is 24h at least')
      .optional(),
  }),
};

const HOUR_MS = 60 * 60 * 1000;
const SHORTEST_GRACE_MS = 24 * HOUR_MS;
/** What a command may take between looking up an object and naming it, many times over. */
export const DEFAULT_GRACE_MS = 7 * 24 * HOUR_MS;

/** '7d' or '36h' in milliseconds. */
export function graceMs(text: string): number {
  const [, count, unit] = /^(\d{1,6})([dh])$/.exec(text) ?? [];
  return Number(count) * (unit === 'd' ? 24 : 1) * HOUR_MS;
}

function isGrace(text: string): boolean {
  return graceMs(text) >= SHORTEST_GRACE_MS;
}

/** `.ocrstore/config.yaml`: what every clone shares; committed. */
export const sharedSchema = z
  .strictObject({
    version: z.literal(1),
    ...fields,
    /** Further pipeline files than the one at the root: paths from there, or patterns of them. Only what git shares decides on stages. */
    pipelines: z.array(z.string().min(1)),
  })
  .partial({
    pipelines: true,
    remotes: true,
    default: true,
    pools: true,
    executors: true,
    project: true,
    link: true,
    gc: true,
  });

/** `.ocrstore/config.local.yaml`: this machine's; every key is optional and wins over the shared one. */
export const localSchema = z
  .strictObject({
    ...fields,
    version: z.literal(1),
    remotes: z.record(z.string(), remoteSchema.partial()),
    executors: z.record(z.string(), executorSchema.partial()),
    /** Where objects are kept on this machine. */
    store: z.strictObject({
      /** A folder that other workspaces may use too; relative to the workspace root. Unless set: `.ocrstore/` itself. */
      path: z.string().min(1).optional(),
    }),
  })
  .partial();

/** What a remote may have beside its address, in the order in which it is shown. */
export const REMOTE_OPTIONS = [
  'endpoint',
  'region',
  'profile',
  'pathStyle',
  'caBundle',
  'anonymous',
  'sse',
  'sseKmsKeyId',
  'sseCustomerKeyFile',
  'storageClass',
  'requestChecksumCalculation',
  'bandwidth',
] as const;

export type ExecutorSettings = z.infer<typeof executorSchema>;
/** What a stage may say otherwise of the executor that it names. */
export const stageExecutorSchema = executorSchema
  .omit({
    ...{ type: true, module: true, retries: true, patience: true, interval: true },
    ...{ remote: true, ocrpipe: true, setup: true, folder: true },
  })
  .partial();

export type RemoteSettings = z.infer<typeof remoteSchema>;
export type SharedSettings = z.infer<typeof sharedSchema>;
export type LocalSettings = z.infer<typeof localSchema>;

/** Both files as one. */
export interface Settings {
  remotes: Readonly<Record<string, RemoteSettings>>;
  default?: string;
  project?: string;
  pools: Readonly<Record<string, number>>;
  executors?: Readonly<Record<string, ExecutorSettings>>;
  link?: readonly LinkType[];
  /** How long what a collection of garbage took away can be had back; milliseconds. */
  graceMs: number;
  /** The store's folder as it was written; unless set it is `.ocrstore/`. */
  storePath?: string;
}
