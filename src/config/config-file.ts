import { join } from 'node:path';
import { parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { readRegularFile } from '../base/regular-file.js';
import { parseYamlFile, type YamlFile } from '../base/yaml-file.js';
import { checkYaml } from '../base/yaml-schema.js';
import { withoutKey, withValue, type SettingValue } from './edit-yaml.js';
import { localSchema, sharedSchema, type LocalSettings, type SharedSettings } from './settings.js';

/** `shared` is committed to git, `local` is this machine's and wins. */
export type Scope = 'shared' | 'local';

/** File names below `.ocrstore/`. */
export const CONFIG_FILES: Readonly<Record<Scope, string>> = {
  shared: 'config.yaml',
  local: 'config.local.yaml',
};

/** What a new workspace starts with. */
export const EMPTY_SHARED_CONFIG = 'version: 1\n';

const SECRET_KEYS = new Set([
  'accesskey',
  'accesskeyid',
  'awsaccesskeyid',
  'awssecretaccesskey',
  'awssessiontoken',
  'password',
  'passphrase',
  'secret',
  'secretaccesskey',
  'secretkey',
  'sessiontoken',
  'ssecustomerkey',
  'token',
]);

/** `.ocrstore/config.yaml` below `folder`; throws with the place of what is wrong (exit code 2). */
export function readSharedFile(folder: AbsPath): SharedSettings {
  return check(readText(folder, 'shared') ?? EMPTY_SHARED_CONFIG, 'shared', sharedSchema);
}

/** A `config.yaml` that is at hand as text: that of another repository's commit. Throws like `readSharedFile`. */
export function parseSharedText(text: string): SharedSettings {
  return check(text, 'shared', sharedSchema);
}

/** `.ocrstore/config.local.yaml`, or nothing set if there is none. */
export function readLocalFile(folder: AbsPath): LocalSettings {
  return check(readText(folder, 'local') ?? '{}', 'local', localSchema);
}

/**
 * Changes one configuration file, keeping what people wrote around it (comments, order). The result is checked before it
 * replaces the file, so that an edit never leaves a file that the next command refuses.
 */
export function editConfigFile(folder: AbsPath, scope: Scope, edit: (document: Document) => void): void {
  const before = readText(folder, scope) ?? EMPTY_SHARED_CONFIG;
  checkScope(before, scope);
  const document = parseDocument(before, { version: '1.2', schema: 'core' });
  edit(document);
  const after = document.toString({ lineWidth: 0 });
  checkEdited(after, scope);
  if (after !== before) writeFileAtomic(join(folder, CONFIG_FILES[scope]), after);
}

/**
 * Sets one setting of a file, or takes it away where `value` is undefined; every other byte of the file stays where that can be.
 * The result is checked before it replaces the file. Parts of `path` are keys of maps.
 */
export function editSetting(
  folder: AbsPath,
  scope: Scope,
  path: readonly string[],
  value: SettingValue | undefined,
): void {
  const before = readText(folder, scope) ?? EMPTY_SHARED_CONFIG;
  checkScope(before, scope);
  const after = value === undefined ? withoutKey(before, path) : withValue(before, path, value);
  checkEdited(after, scope);
  if (after !== before) writeFileAtomic(join(folder, CONFIG_FILES[scope]), after);
}

/** One file with the places of its values, checked; undefined if there is none. */
export function readConfigYaml(folder: AbsPath, scope: Scope): YamlFile | undefined {
  const text = readText(folder, scope);
  if (text === undefined) return undefined;
  checkScope(text, scope);
  return parseConfig(text, scope);
}

function checkScope(text: string, scope: Scope): void {
  if (scope === 'shared') check(text, scope, sharedSchema);
  else check(text, scope, localSchema);
}

/** The file is as it was: what is wrong is what was to be written. */
function checkEdited(text: string, scope: Scope): void {
  try {
    checkScope(text, scope);
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code !== 'invalid-value') throw error;
    throw userError(error.code, error.message, {
      hint: 'Nothing was changed: give another value.',
      cause: error,
    });
  }
}

function readText(folder: AbsPath, scope: Scope): string | undefined {
  try {
    return readRegularFile(join(folder, CONFIG_FILES[scope])).toString('utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseConfig(text: string, scope: Scope): YamlFile {
  return parseYamlFile(text, `.ocrstore/${CONFIG_FILES[scope]}`, { maxBytes: 1024 * 1024 });
}

function check<T>(text: string, scope: Scope, schema: z.ZodType<T>): T {
  const yaml = parseConfig(text, scope);
  refuseSecrets(yaml, yaml.value, []);
  return checkYaml(yaml.value === null ? { ...yaml, value: {} } : yaml, schema);
}

/** True for the names that credentials have, however they are spelled. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEYS.has(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}

/** True for an address with a user name or password in it. */
export function isSecretValue(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*@/i.test(value);
}

/** Secrets are refused in both files: one is committed, and neither is read for them. */
function refuseSecrets(yaml: YamlFile, value: unknown, path: readonly string[]): void {
  if (typeof value === 'string' && isSecretValue(value)) {
    throw secretError(yaml, path, 'an address with a user name or password in it');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    // Names of remotes are free: only what stands below one, or beside `remotes`, is a setting.
    const isName = path.length === 1;
    if (!isName && isSecretKey(key)) {
      throw secretError(yaml, [...path, key], `the secret '${key}'`);
    }
    refuseSecrets(yaml, inner, [...path, key]);
  }
}

function secretError(yaml: YamlFile, path: readonly string[], what: string) {
  return userError('secret-in-config', `${yaml.file} holds ${what}`, {
    location: yaml.locate(path, { key: true }),
    hint: 'Take it out (and out of git, if it was committed). Credentials come from the AWS environment variables, profiles or roles.',
  });
}
