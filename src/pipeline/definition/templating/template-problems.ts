import { escapeKey } from '../../../base/flatten-json.js';
import { nearestName, suggest } from '../../../base/nearest.js';
import { plainValue } from '../../../base/plain-value.js';
import type { YamlFile } from '../../../base/yaml-file.js';
import type { JsonValue } from '../../../base/canonical-json.js';
import { isShellName, type FillMistake } from './fill.js';
import { isMap } from '../../../base/json-map.js';
import { locationText } from '../problems/location-text.js';
import type { Problem } from '../problems/problems.js';
import type { Scope } from './scope.js';
import type { YamlPath } from '../stage/stage.js';
import { hasTemplate, parseTemplate, type Reference } from './template.js';

const FOR_SHELL = 'To leave it to the shell, write a backslash before it: \\${…}.';

/** What to tell of a `${…}` that cannot be filled in, at its place in `yaml`. */
export function fillProblem(mistake: FillMistake, yaml: YamlFile, scope: Scope): Problem {
  const { at, key, text, reference } = mistake;
  const location = yaml.locate(at, { key, part: text });
  const told =
    reference && mistake.kind === 'unknown' ? unknownName(mistake, reference, scope) : otherMistake(mistake);
  if (reference === undefined || mistake.value === undefined) return { ...told, location };
  const place = scope.placeOf(reference.path);
  const from = place ? ` (${locationText(place)})` : '';
  return { ...told, message: `${told.message}${from}`, location };
}

type Told = Pick<Problem, 'code' | 'message'> & { readonly hint: string };

function otherMistake({ kind, text, message, value }: FillMistake): Told {
  const what = value === undefined ? '' : kindOf(value);
  switch (kind) {
    case 'not-canonical':
      return {
        code: 'invalid-parameter',
        message: `${text} is no value to insert: ${message ?? ''}`,
        hint: 'Write it as a text in quotes.',
      };
    case 'no-text':
      return {
        code: 'invalid-value',
        message: `${text} is ${what}, which cannot stand in a text`,
        hint:
          value === null
            ? `Give it a value, or a default: ${withDefault(text)}.`
            : 'Name one value inside it, or let it stand alone, without other text around it.',
      };
    case 'not-a-word':
      return {
        code: 'invalid-value',
        message: `${text} is ${what}, which becomes words of the command: other text touches it`,
        hint: 'Put spaces around it, or name one value inside it.',
      };
    case 'no-words':
      return {
        code: 'invalid-value',
        message: `${text} is ${what} that holds lists or maps inside a list: there are no words for that`,
        hint: 'Name the values inside it.',
      };
    default:
      return {
        code: 'template-invalid',
        message: `'${text}' is no reference: ${message ?? 'it cannot be read'}`,
        hint: `Write \${name}, \${outer.inner}, \${list[0]} or \${name:-default}. ${FOR_SHELL}`,
      };
  }
}

function withDefault(text: string): string {
  return `${text.slice(0, -1)}:-…}`;
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'empty (null)';
  if (isMap(value)) return 'a map';
  return Array.isArray(value) ? 'a list' : plainValue(value);
}

function unknownName({ text, missing }: FillMistake, reference: Reference, scope: Scope): Told {
  const [first] = reference.path;
  if (first === 'env') return unknownVariable(text, reference, missing?.found.length === 1);
  const name = dotted(reference.path);
  const found = dotted(missing?.found ?? []);
  const names = scope.names();
  const near = nearestName(name, names);
  const message =
    found === ''
      ? `${text}: nothing is named '${first}'`
      : `${text}: '${found}' has no '${reference.path[missing!.found.length]!}'${insideText(missing!.value)}`;
  const shell = isShellName(reference) ? ` ${FOR_SHELL}` : '';
  const hint = near === undefined ? `${expected(name, names)}${shell}` : `Did you mean \${${near}}?${shell}`;
  return { code: 'unknown-name', message, hint };
}

function expected(name: string, names: readonly string[]): string {
  const known = names.length === 0 ? 'No names are known here.' : suggest(name, names);
  return `Names come from params.yaml and 'vars'. ${known}`;
}

/** What stands where something was looked for. */
function insideText(value: JsonValue): string {
  if (isMap(value)) return '';
  return Array.isArray(value)
    ? `: it is a list of ${value.length}, counted from 0`
    : `: it is ${kindOf(value)}`;
}

function unknownVariable(text: string, reference: Reference, declared: boolean): Told {
  const name = reference.path[1] ?? 'NAME';
  return declared
    ? {
        code: 'variable-not-set',
        message: `${text}: the environment has no ${name}, or 'env' does not name it`,
        hint: `Name it in 'env' at the top of the file, set it, or give a default: ${withDefault(text)}.`,
      }
    : {
        code: 'unknown-name',
        message: `${text}: variables of the environment are read only where the file names them`,
        hint: `Write 'env: [${name}]' at the top of the file.`,
      };
}

function dotted(path: readonly string[]): string {
  return path.map(escapeKey).join('.');
}

/**
 * What the references in the text at `path` of a file stand for, and where that was written: told with a problem of the filled-in
 * value. Empty where there are none.
 */
export function whereFrom(value: unknown, path: YamlPath, scope: Scope): string {
  let node: unknown = value;
  for (const part of path) {
    if (typeof node !== 'object' || node === null) break;
    node = (node as Record<string | number, unknown>)[part];
  }
  if (typeof node !== 'string' || !hasTemplate(node)) return '';
  const parsed = parseTemplate(node);
  if ('mistake' in parsed) return '';
  const texts = parsed.template.flatMap((part) => {
    const found = typeof part === 'string' ? { missing: true } : scope.find(part.path);
    if (typeof part === 'string' || !('value' in found)) return [];
    const place = scope.placeOf(part.path);
    return [`${part.text} is ${plainValue(found.value)}${place ? ` (${locationText(place)})` : ''}`];
  });
  return texts.length === 0 ? '' : `; ${texts.join(', ')}`;
}
