import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';
import { OcrpipeError } from '../../../base/errors.js';
import { plainValue } from '../../../base/plain-value.js';
import type { YamlFile } from '../../../base/yaml-file.js';
import type { Filling } from '../templating/fill.js';
import { fillable } from '../templating/fill.js';
import { itemInstances, matrixInstances, repeated, type Instance } from './instances.js';
import { isMap, type JsonMap } from '../../../base/json-map.js';
import type { Problem } from '../problems/problems.js';
import type { Place, Scope } from '../templating/scope.js';
import type { YamlPath } from '../stage/stage.js';
import { parseTemplate } from '../templating/template.js';

/** More instances than anybody means are refused before they fill the memory. */
const MOST_INSTANCES = 100_000;

/** What `foreach` or `matrix` of a stage is read with. */
export interface ListContext {
  readonly yaml: YamlFile;
  readonly filling: Filling;
  /** Gets the places where that failed, of which the user is told. */
  readonly mistaken: readonly YamlPath[];
  readonly problem: (problem: Problem) => void;
  /** The stage, for messages. */
  readonly stage: string;
  /** Where the list or map stands. */
  readonly at: YamlPath;
}

/** The instances that `foreach` (a list, a map, or a reference to one) asks for. */
export function foreachInstances(written: unknown, context: ListContext): Instance[] {
  const items = fillable(written, context.at, () => false)(context.filling);
  if (context.mistaken.length > 0) return [];
  if (!Array.isArray(items) && !isMap(items)) {
    return refuse(context, [], `'foreach' must be a list or a map, not ${shown(items)}`);
  }
  if (!isCanonical(items as JsonValue, context)) return [];
  if (Array.isArray(items) && isRepeated(items as JsonValue[], context, [])) return [];
  return itemInstances(items as JsonMap | JsonValue[]);
}

/** The instances that `matrix` (a map of lists, or references to them) asks for. */
export function matrixCombinations(written: unknown, context: ListContext): Instance[] {
  const lists = fillable(written, context.at, () => false)(context.filling);
  if (context.mistaken.length > 0) return [];
  if (!isMap(lists)) return refuse(context, [], `'matrix' must be a map of lists, not ${shown(lists)}`);
  const entries = Object.entries(lists);
  const wrong = entries.filter(([, list]) => !Array.isArray(list));
  for (const [name, value] of wrong) refuse(context, [name], `'${name}' must be a list, not ${shown(value)}`);
  if (wrong.length > 0) return [];
  if (!isCanonical(lists, context)) return [];
  if (entries.length === 0) return refuse(context, [], "'matrix' must name at least one list");
  const dimensions = lists as Readonly<Record<string, readonly JsonValue[]>>;
  const twice = Object.entries(dimensions).filter(([name, list]) => isRepeated(list, context, [name]));
  if (twice.length > 0) return [];
  const count = Object.values(dimensions).reduce((product, list) => product * list.length, 1);
  if (count <= MOST_INSTANCES) return matrixInstances(dimensions);
  return refuse(
    context,
    [],
    `it asks for ${count} instances, and ${MOST_INSTANCES} are the most that one stage has`,
  );
}

/** Where the item of an instance was written: in the list itself, or in the file that a reference took it from. */
export function itemPlace(
  written: unknown,
  instance: Instance,
  context: Pick<ListContext, 'yaml' | 'at'> & { scope: Scope },
): Place {
  const { yaml, at, scope } = context;
  return ([name, ...inside]) => {
    if (name === 'key') return yaml.locate(at);
    const path = [...instance.from, ...inside];
    const [first, ...rest] = path;
    const outer = referencePath(written);
    if (outer) return scope.placeOf([...outer, ...path.map(String)]);
    const dimension = isMap(written) && first !== undefined ? referencePath(written[first]) : undefined;
    if (dimension) return scope.placeOf([...dimension, ...rest.map(String)]);
    return yaml.locate([...at, ...path]);
  };
}

/** The path of a text that is one reference and nothing else. */
function referencePath(written: unknown): readonly string[] | undefined {
  if (typeof written !== 'string') return undefined;
  const parsed = parseTemplate(written);
  const [only, ...others] = 'template' in parsed ? parsed.template : [];
  return typeof only === 'object' && others.length === 0 ? only.path : undefined;
}

/** False, and a problem, for numbers that no two readers read the same. */
function isCanonical(value: JsonValue, context: ListContext): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    refuse(context, [], error.message);
    return false;
  }
}

/** True, and a problem for each, where values stand in a list that stand in it already. */
function isRepeated(list: readonly JsonValue[], context: ListContext, below: YamlPath): boolean {
  const places = repeated(list);
  for (const index of places) {
    context.problem({
      code: 'item-twice',
      message: `stage '${context.stage}': ${shown(list[index])} stands twice in one list`,
      hint: 'Take one of the two out: they would be the same instance.',
      location: context.yaml.locate([...context.at, ...below, index]),
    });
  }
  return places.length > 0;
}

function refuse(context: ListContext, below: YamlPath, message: string): [] {
  context.problem({
    code: 'invalid-value',
    message: `stage '${context.stage}': ${message}`,
    hint: 'Write [a, b], or the name of a list: ${name}.',
    location: context.yaml.locate([...context.at, ...below]),
  });
  return [];
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return plainValue(value as JsonValue).slice(0, 60);
}
