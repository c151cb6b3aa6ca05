import { z } from 'zod';
import { keysAt } from '../../../base/yaml-schema.js';
import { isWrittenEnv, type WrittenEnv } from './written-env.js';

/** Stage names are also names of log files and arguments on a command line. */
const STAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.@=-]{0,199}$/;

/** What else may stand there, for the schema that editors read: the short form of a list or map. */
const SHORT_TEXT = { short: { type: 'string', minLength: 1 } };

const text = z.string().min(1);
const commands = z.preprocess(listOf, z.array(text).min(1)).meta(SHORT_TEXT);
const names = z.preprocess(listOf, z.array(text)).meta(SHORT_TEXT);
const amount = z.union([z.number().positive(), text]);

const output = z
  .preprocess(
    named('path'),
    z.strictObject({
      path: text,
      cache: z.boolean().optional(),
      persist: z.boolean().optional(),
      remote: text.optional(),
      desc: z.string().optional(),
    }),
  )
  .meta(SHORT_TEXT);

/** A bare text is a path, a pattern or an address: `{glob: text}`. Which keys go together is told when they are read. */
const dependency = z
  .preprocess(
    named('glob'),
    z.strictObject({
      path: text.optional(),
      glob: text.optional(),
      file: text.optional(),
      keys: names.optional(),
      lines: z.union([amount, z.array(amount).min(1)]).optional(),
      stage: text.optional(),
      url: text.optional(),
      remote: text.optional(),
      git: text.optional(),
    }),
  )
  .meta(SHORT_TEXT);

const plot = z
  .preprocess(
    named('file'),
    z.strictObject({
      file: text,
      x: text.optional(),
      y: names.optional(),
      title: z.string().optional(),
      xLabel: z.string().optional(),
      yLabel: z.string().optional(),
      cache: z.boolean().optional(),
    }),
  )
  .meta(SHORT_TEXT);

/** A bare text is a key of params.yaml: `{file: undefined, keys: [text]}`. */
const paramsUse = z
  .preprocess(
    (value) => (typeof value === 'string' ? { keys: [value] } : value),
    z.strictObject({ file: text.optional(), keys: names.optional() }),
  )
  .meta(SHORT_TEXT);

/** A number is a count: `retry: 3`. */
const retry = z
  .preprocess(
    (value) => (typeof value === 'number' ? { count: value } : value),
    z.strictObject({
      count: z.number().int().nonnegative(),
      delay: text.optional(),
      backoff: z.number().min(1).optional(),
    }),
  )
  .meta({ short: { type: 'integer', minimum: 0 } });

const ENV_VALUES = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } };
/** For editors. */
const ENV_FORMS = [ENV_VALUES, { type: 'array', items: { anyOf: [{ type: 'string' }, ENV_VALUES] } }];

/** The name of an executor, or `{name: {setting: value}}`. */
const executor = z
  .preprocess(
    (value) => (typeof value === 'string' ? { [value]: {} } : value),
    z
      .record(text, z.record(z.string(), z.unknown()))
      .refine((named) => Object.keys(named).length === 1, 'one executor is named here'),
  )
  .meta(SHORT_TEXT);

const stage = z.strictObject({
  run: commands,
  deps: z.array(dependency).optional(),
  params: z.array(paramsUse).optional(),
  outs: z.array(output).optional(),
  metrics: z.array(output).optional(),
  plots: z.array(plot).optional(),
  env: z
    .custom<WrittenEnv>(isWrittenEnv, 'takes names, or a map of names and values')
    .meta({ anyOf: ENV_FORMS })
    .optional(),
  secrets: z.array(text).optional(),
  wdir: text.optional(),
  desc: z.string().optional(),
  frozen: z.boolean().optional(),
  always: z.boolean().optional(),
  resources: z.record(text, amount).optional(),
  timeout: text.optional(),
  retry: retry.optional(),
  executor: executor.optional(),
});

/** A stage as it stands when its references are filled in. */
export const stageSchema = stage;

/** Names of variables of the environment. */
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable');

/** A whole pipeline.yaml, its stages unread. */
export const pipelineSchema = z.strictObject({
  /** Files and maps that `${…}` takes values from, beside params.yaml. */
  vars: z.array(z.unknown()).optional(),
  /** Variables of the environment that `${env.NAME}` may read. */
  env: z.array(variableName).optional(),
  stages: z.record(z.string().regex(STAGE_NAME), z.unknown()),
});

/** What a stage may have beside its own keys: what makes several of it, and names for its references. */
export const GROUP_KEYS: readonly string[] = ['foreach', 'do', 'matrix', 'vars'];

export type WrittenStage = z.infer<typeof stage>;

/** The keys known at a place of pipeline.yaml, for the hint at an unknown one. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(pipelineSchema.shape);
  const known = keysAt(stageSchema, path.slice(2));
  return path.length === 2 ? [...known, ...GROUP_KEYS] : known;
}

function listOf(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value;
}

function named(key: string): (value: unknown) => unknown {
  return (value) => (typeof value === 'string' ? { [key]: value } : value);
}
