import { z } from 'zod';
import { pipelineSchema, stageSchema } from './definition-schema.js';
import { isMap } from '../../../base/json-map.js';

type JsonSchema = Readonly<Record<string, unknown>>;

/** A text with `${…}`, which may stand for a value of any kind. */
const REFERENCE: JsonSchema = { type: 'string', pattern: String.raw`\$\{` };

/** What an editor says of a key. */
const SAYS: Readonly<Record<string, string>> = {
  run: 'A shell command line, or a list of them, run one after the other until one fails.',
  deps: 'What the stage reads: files and folders, patterns, keys or lines of files, other stages, addresses, code in git.',
  params: 'Keys of params.yaml, or {file, keys}. A change of their values makes the stage stale.',
  outs: 'Files and folders that it makes. The store holds their bytes, git ignores them.',
  metrics: 'Small files of numbers that it makes (JSON, YAML or TOML). Git holds them.',
  plots: 'Files of numbers to draw. Git holds them.',
  env: 'Variables of the environment that it runs with, and that count: names, or names with values.',
  secrets: 'Names of variables that it is given and that are written nowhere.',
  wdir: 'The folder in which the commands run; paths start from it.',
  desc: 'For people.',
  frozen: 'true: never run; its outputs are taken as they are.',
  always: 'true: runs every time.',
  resources:
    'What the running stage takes from the pools: cpu, gpu, memory (8GiB), or one that the settings name.',
  timeout: 'How long it may take: 90s, 10m, 1h30m.',
  retry: 'How often it is run again when it fails, or {count, delay, backoff}.',
  executor: 'Where it runs.',
  vars: 'Files and maps that ${…} takes values from, beside params.yaml.',
};

/**
 * pipeline.yaml as a JSON Schema (draft 7, which editors know best), made from the schema that pipelines are checked with. In a stage, `${…}`
 * may stand wherever a value does.
 */
export function editorSchema(): JsonSchema {
  const stage = withReferences(jsonSchemaOf(stageSchema));
  const file = jsonSchemaOf(pipelineSchema);
  const { env } = propertiesOf(file);
  const { propertyNames } = schemaOf(propertiesOf(file)['stages']);
  const vars = { type: 'array', items: { type: ['string', 'object'] }, description: SAYS['vars'] };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pipeline.yaml of ocrpipe',
    type: 'object',
    properties: {
      vars,
      env: { ...schemaOf(env), description: 'Variables of the environment that ${env.NAME} may read.' },
      stages: {
        type: 'object',
        propertyNames,
        additionalProperties: {
          if: { anyOf: [{ required: ['foreach'] }, { required: ['do'] }] },
          then: { $ref: '#/definitions/group' },
          else: { $ref: '#/definitions/stage' },
        },
      },
    },
    required: ['stages'],
    additionalProperties: false,
    definitions: {
      stage: withProperties(described(stage), { matrix: MATRIX, vars }),
      instance: withProperties(described(stage), { vars }),
      group: {
        type: 'object',
        properties: { foreach: FOREACH, do: { $ref: '#/definitions/instance' } },
        required: ['foreach', 'do'],
        additionalProperties: false,
      },
    },
  };
}

const FOREACH: JsonSchema = {
  description: 'A list or map: the stage below do is made once for each item, as ${item} and ${key}.',
  anyOf: [{ type: ['array', 'object'] }, REFERENCE],
};
const MATRIX: JsonSchema = {
  description: 'Named lists: the stage is made once for each combination, as ${item.NAME} and ${key}.',
  anyOf: [
    {
      type: 'object',
      minProperties: 1,
      additionalProperties: { anyOf: [{ type: 'array' }, REFERENCE] },
    },
    REFERENCE,
  ],
};

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    reused: 'inline',
  });
  // It stands at the top of the whole.
  return Object.fromEntries(Object.entries(made).filter(([key]) => key !== '$schema'));
}

function withProperties(schema: JsonSchema, more: JsonSchema): JsonSchema {
  return { ...schema, properties: { ...propertiesOf(schema), ...more } };
}

function described(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(propertiesOf(schema)).map(([key, property]) => {
    const description = SAYS[key];
    return [key, description === undefined ? property : { description, ...schemaOf(property) }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** A map with what stands in it; the map itself is written out. */
function withReferences(schema: JsonSchema): JsonSchema {
  const { short, ...rest } = schema;
  const inner = {
    ...rest,
    ...(isMap(rest['properties']) && { properties: mapValues(rest['properties'], orReference) }),
    ...(isMap(rest['additionalProperties']) && {
      additionalProperties: orReference(rest['additionalProperties']),
    }),
    ...(isMap(rest['items']) && { items: orReference(rest['items']) }),
    ...(Array.isArray(rest['anyOf']) && { anyOf: (rest['anyOf'] as JsonSchema[]).map(withReferences) }),
  };
  return short === undefined ? inner : { anyOf: [short, inner] };
}

/** Where a text is taken anyhow, a reference is one. */
function orReference(value: unknown): JsonSchema {
  const schema = withReferences(schemaOf(value));
  return takesTexts(schema) ? schema : { anyOf: [...alternatives(schema), REFERENCE] };
}

function takesTexts(schema: JsonSchema): boolean {
  const own =
    schema['type'] === 'string' || (Array.isArray(schema['type']) && schema['type'].includes('string'));
  return (
    (own && schema['pattern'] === undefined) ||
    alternatives(schema).some((each) => each !== schema && takesTexts(each))
  );
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const { anyOf, ...others } = schema;
  return Array.isArray(anyOf) && Object.keys(others).length === 0 ? (anyOf as JsonSchema[]) : [schema];
}

function mapValues(map: JsonSchema, change: (value: unknown) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function propertiesOf(schema: JsonSchema): JsonSchema {
  return schemaOf(schema['properties']);
}

function schemaOf(value: unknown): JsonSchema {
  return isMap(value) ? value : {};
}
