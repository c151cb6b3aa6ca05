import { z } from 'zod';
import { userError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import { issueText } from '../base/yaml-schema.js';
import { isSecretKey, isSecretValue, type Scope } from './config-file.js';
import type { SettingValue } from './edit-yaml.js';
import { localSchema, sharedSchema } from './settings.js';

/** Stands for a name that people choose: that of a remote or a pool. */
const ANY = 'NAME';

type JsonSchema = Readonly<Record<string, unknown>>;

/** One setting as it is typed, `remotes.store.url`, and as it stands in a file. */
export interface SettingName {
  name: string;
  path: readonly string[];
  type: 'text' | 'number' | 'boolean' | 'list';
}

/** A setting that the files may have; `ANY` in it stands for any name. */
interface Known {
  path: readonly string[];
  type: SettingName['type'];
}

const SCHEMAS: Readonly<Record<Scope, z.ZodType>> = { shared: sharedSchema, local: localSchema };

/** Every setting of a file, as it is typed, with NAME for what people name. */
export function settingNames(scope: Scope): string[] {
  return knownSettings(scope).map(({ path }) => path.join('.'));
}

/**
 * The setting that a typed name means in the file of `scope`. Throws, exit code 2: `secret-in-config` for a credential,
 * `machine-setting` for what only the file of this machine has, `unknown-setting` with the nearest name for anything else.
 */
export function settingNamed(typed: string, scope: Scope): SettingName {
  const last = typed.slice(typed.lastIndexOf('.') + 1);
  if (isSecretKey(last)) throw secretNamed(typed);
  const found = knownSettings(scope).flatMap((known) => matching(known, typed))[0];
  if (found !== undefined) return found;
  if (scope === 'shared' && knownSettings('local').some((known) => matching(known, typed).length > 0)) {
    throw userError('machine-setting', `'${typed}' is a setting of one machine`, {
      hint: 'Set it with --local: git does not share that file.',
    });
  }
  throw userError('unknown-setting', `there is no setting '${typed}'`, { hint: hintFor(typed) });
}

function hintFor(typed: string): string {
  if (/^(?:get|set|unset|list)$/.test(typed)) {
    return "'ocrpipe config NAME' shows a setting, 'ocrpipe config NAME VALUE' sets it; --unset and --list do the rest.";
  }
  const remote = /^remotes\.([^.]+)$/.exec(typed)?.[1];
  if (remote !== undefined)
    return `A remote has settings of its own: 'ocrpipe config remotes.${remote}.url'.`;
  const parts = typed.split('.');
  return suggest(
    typed,
    knownSettings('local').map(({ path }) =>
      path.map((part, at) => (part === ANY ? (parts[at] ?? ANY) : part)).join('.'),
    ),
  );
}

function secretNamed(typed: string) {
  return userError('secret-in-config', `'${typed}' would be a secret in a file`, {
    hint: 'Credentials come from the AWS environment variables, profiles or roles, never from the configuration.',
  });
}

/** Names that people choose may have dots in them: what stands before and behind tells where they end. */
function matching({ path, type }: Known, typed: string): SettingName[] {
  const at = path.indexOf(ANY);
  if (at === -1) return path.join('.') === typed ? [{ name: typed, path, type }] : [];
  const before = path
    .slice(0, at)
    .map((part) => `${part}.`)
    .join('');
  const behind = path
    .slice(at + 1)
    .map((part) => `.${part}`)
    .join('');
  if (typed.length <= before.length + behind.length) return [];
  if (!typed.startsWith(before) || !typed.endsWith(behind)) return [];
  const chosen = typed.slice(before.length, typed.length - behind.length);
  return [{ name: typed, path: path.map((part) => (part === ANY ? chosen : part)), type }];
}

function knownSettings(scope: Scope): Known[] {
  const schema = z.toJSONSchema(SCHEMAS[scope], { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return leaves(schema, []).filter(({ path }) => path[0] !== 'version');
}

function leaves(schema: JsonSchema, path: readonly string[]): Known[] {
  const { properties, additionalProperties, type } = schema;
  if (isSchema(properties)) {
    return Object.entries(properties).flatMap(([key, inner]) =>
      isSchema(inner) ? leaves(inner, [...path, key]) : [],
    );
  }
  if (isSchema(additionalProperties)) return leaves(additionalProperties, [...path, ANY]);
  return [{ path, type: TYPES[String(type)] ?? 'text' }];
}

const TYPES: Readonly<Record<string, SettingName['type']>> = {
  array: 'list',
  boolean: 'boolean',
  integer: 'number',
  number: 'number',
};

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

/** What was typed as a value of the setting. Throws `invalid-value` or `secret-in-config` (exit code 2). */
export function settingValue({ name, path, type }: SettingName, typed: string, scope: Scope): SettingValue {
  if (isSecretValue(typed)) throw secretNamed(name);
  const value = convert(type, typed);
  const document = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
  const issues = SCHEMAS[scope].safeParse({ version: 1, ...document }).error?.issues ?? [];
  // Other settings that a remote needs may be in the file already: here only this one counts.
  const own = issues.find((issue) => issue.path.every((part, at) => at >= path.length || part === path[at]));
  if (own === undefined) return value;
  const hints = {
    list: 'Separate several by commas.',
    boolean: 'Write true or false.',
    number: '',
    text: '',
  };
  throw userError('invalid-value', `'${typed}' cannot be the value of ${name}: ${issueText(own)}`, {
    ...(hints[type] !== '' && { hint: hints[type] }),
  });
}

function convert(type: SettingName['type'], typed: string): SettingValue {
  switch (type) {
    case 'text':
      return typed;
    case 'number':
      return typed.trim() === '' || Number.isNaN(Number(typed)) ? typed : Number(typed);
    case 'boolean':
      return typed === 'true' || typed === 'false' ? typed === 'true' : typed;
    case 'list':
      return typed.split(',').map((part) => part.trim());
  }
}
