import type { RepoPath } from '../../../base/paths.js';
import { suggest } from '../../../base/nearest.js';
import type { YamlFile } from '../../../base/yaml-file.js';
import { knownKeys, pipelineSchema } from '../schema/definition-schema.js';
import { fillable, type Fillable, type Filling, type FillMistake } from '../templating/fill.js';
import { foreachInstances, itemPlace, matrixCombinations, type ListContext } from './instance-lists.js';
import type { Instance } from './instances.js';
import { isMap } from '../../../base/json-map.js';
import type { ProblemList } from '../problems/problem-list.js';
import { issueProblems } from '../schema/schema-problems.js';
import { Scope } from '../templating/scope.js';
import type { YamlPath } from '../stage/stage.js';
import { fillProblem } from '../templating/template-problems.js';
import {
  paramsNames,
  withVariables,
  type Names,
  type ValueFiles,
  type VariableSource,
} from '../templating/variables.js';

/** Where a stage, and what all of its instances have in common, stands in a file. */
export interface StagePlace {
  readonly yaml: YamlFile;
  /** The stage with its name. */
  readonly stage: YamlPath;
  /** The map that has its `run`. */
  readonly body: YamlPath;
}

/** One stage or instance with its references filled in; not checked. */
export interface ExpandedStage {
  /** As the file has it, with `@` and the instance's name. */
  readonly name: string;
  readonly group?: { readonly name: string; readonly key: string };
  readonly place: StagePlace;
  /** The stage as it is written. */
  readonly written: unknown;
  readonly value: unknown;
  readonly scope: Scope;
  /** Where in `value` something could not be filled in: a problem is told already. */
  readonly mistaken: readonly YamlPath[];
}

export interface FileContext {
  readonly yaml: YamlFile;
  readonly folder: RepoPath;
  readonly values: ValueFiles;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly problems: ProblemList;
  /** False: nothing in it can name a value, and no file of values is read. */
  readonly hasReferences: boolean;
}

/** The stages of one file, every instance of those that have `foreach` or `matrix`, in the order of the file. */
export function* expandFile(context: FileContext): Generator<ExpandedStage> {
  const { yaml, problems } = context;
  const checked = pipelineSchema.safeParse(yaml.value ?? {});
  const locate = (path: YamlPath, options?: { key?: boolean }) => yaml.locate(path, options);
  const whole = { file: yaml.file, value: yaml.value ?? {}, base: [], locate, from: () => '' };
  for (const issue of checked.error?.issues ?? []) {
    for (const problem of issueProblems(issue, whole)) problems.add(problem);
  }
  const written = isMap(yaml.value) ? yaml.value : {};
  if (!isMap(written['stages'])) return;
  const names = fileNames(context, { vars: written['vars'], env: written['env'] });
  for (const [name, stage] of Object.entries(written['stages'])) {
    yield* new StageExpansion(context, names, name).expand(stage);
  }
}

const NO_NAMES: Names = { scope: Scope.EMPTY, complete: true };

/** What `${…}` may name in the whole file. */
function fileNames(context: FileContext, { vars, env }: { vars: unknown; env: unknown }): Names {
  const source = variableSource(context);
  const listed = Array.isArray(vars) ? (vars as unknown[]) : [];
  const params = context.hasReferences ? paramsNames(source) : NO_NAMES;
  const names = withVariables(params, listed, ['vars'], source);
  if (!Array.isArray(env)) return names;
  const set = env.flatMap((name): [string, string][] => {
    const value = typeof name === 'string' ? context.environment[name] : undefined;
    return value === undefined ? [] : [[name as string, value]];
  });
  const layer = { values: { env: Object.fromEntries(set) }, place: () => undefined };
  return { ...names, scope: names.scope.hidingWith(layer) };
}

function variableSource({ yaml, folder, values, problems }: FileContext): VariableSource {
  const problem: VariableSource['problem'] = (each) => {
    problems.add(each);
  };
  return { yaml, folder, files: values, problem };
}

/** One stage of a file, as one or several. */
class StageExpansion {
  private readonly context: FileContext;
  private readonly names: Names;
  private readonly name: string;
  private readonly at: YamlPath;
  /** What was told of the body: it would be the same in each instance. */
  private readonly told = new Set<string>();

  constructor(context: FileContext, names: Names, name: string) {
    this.context = context;
    this.names = names;
    this.name = name;
    this.at = ['stages', name];
  }

  *expand(written: unknown): Generator<ExpandedStage> {
    if (isMap(written) && ('foreach' in written || 'do' in written)) yield* this.foreach(written);
    else if (isMap(written) && 'matrix' in written) yield* this.matrix(written);
    else {
      const body = this.body(written, this.at);
      yield this.filled(body, { name: this.name, names: this.names });
    }
  }

  private *foreach(written: Readonly<Record<string, unknown>>): Generator<ExpandedStage> {
    for (const key of Object.keys(written).filter((each) => each !== 'foreach' && each !== 'do'))
      this.besideForeach(key);
    if (!('foreach' in written) || !('do' in written)) {
      this.lacksHalf('foreach' in written ? 'do' : 'foreach');
      return;
    }
    const list = this.list('foreach');
    const instances = foreachInstances(written['foreach'], list);
    yield* this.instances(this.body(written['do'], [...this.at, 'do']), {
      instances,
      list,
      items: written['foreach'],
    });
  }

  private *matrix(written: Readonly<Record<string, unknown>>): Generator<ExpandedStage> {
    const list = this.list('matrix');
    const instances = matrixCombinations(written['matrix'], list);
    yield* this.instances(this.body(written, this.at, ['matrix']), {
      instances,
      list,
      items: written['matrix'],
    });
  }

  private *instances(
    body: Body,
    { instances, list, items }: { instances: readonly Instance[]; list: ListContext; items: unknown },
  ): Generator<ExpandedStage> {
    const { scope } = this.names;
    for (const instance of instances) {
      const values = { item: instance.item, key: instance.key };
      const place = itemPlace(items, instance, { ...list, scope });
      const names = { ...this.names, scope: scope.hidingWith({ values, place }) };
      const group = { name: this.name, key: instance.name };
      yield this.filled(body, { name: `${this.name}@${instance.name}`, names, group });
    }
  }

  private list(key: 'foreach' | 'matrix'): ListContext {
    const at = [...this.at, key];
    const mistaken: YamlPath[] = [];
    const filling = this.filling(this.names, at.length, mistaken);
    const { yaml } = this.context;
    const { problem } = variableSource(this.context);
    return { yaml, filling, mistaken, problem, stage: this.name, at };
  }

  /** What all instances have in common, its references found. */
  private body(written: unknown, at: YamlPath, group: readonly string[] = []): Body {
    const own = isMap(written) ? without(written, [...group, 'vars']) : written;
    const fill = fillable(own, at, (path) => path[at.length] === 'run');
    const vars = isMap(written) ? written['vars'] : undefined;
    return { written, at, fill, vars };
  }

  private filled(
    { written, at, fill, vars }: Body,
    { name, names, group }: { name: string; names: Names; group?: ExpandedStage['group'] },
  ): ExpandedStage {
    const own = this.ownNames(names, vars, at);
    const mistaken: YamlPath[] = [];
    const value = fill(this.filling(own, at.length, mistaken));
    const place = { yaml: this.context.yaml, stage: this.at, body: at };
    return { name, ...(group && { group }), place, written, value, scope: own.scope, mistaken };
  }

  private ownNames(names: Names, vars: unknown, at: YamlPath): Names {
    if (vars === undefined) return names;
    if (Array.isArray(vars))
      return withVariables(names, vars as unknown[], [...at, 'vars'], variableSource(this.context));
    this.tell({ code: 'invalid-value', message: `stage '${this.name}' at vars: must be a list` }, [
      ...at,
      'vars',
    ]);
    return { ...names, complete: false };
  }

  /** `depth`: how many parts of a mistake's place lead to the value. */
  private filling({ scope, complete }: Names, depth: number, mistaken: YamlPath[]): Filling {
    const mistake = (found: FillMistake): void => {
      mistaken.push(found.at.slice(depth));
      if (found.kind === 'unknown' && !complete) return;
      const key = `${found.at.join('\0')} ${found.text} ${found.kind}`;
      if (this.told.has(key)) return;
      this.told.add(key);
      this.context.problems.add(fillProblem(found, this.context.yaml, scope));
    };
    return { scope, mistake };
  }

  private besideForeach(key: string): void {
    const isStageKey = knownKeys(this.at).includes(key);
    const problem = {
      code: 'unknown-key',
      message: `stage '${this.name}' has 'foreach', and '${key}' beside it`,
      hint: isStageKey ? `Write '${key}' below 'do'.` : suggest(key, ['foreach', 'do']),
    };
    this.tell(problem, [...this.at, key], true);
  }

  private lacksHalf(missing: 'foreach' | 'do'): void {
    const hint =
      missing === 'do'
        ? "Write the stage (its 'run' and the rest) below 'do'."
        : "Write 'foreach: [a, b]' beside 'do', or the stage without 'do'.";
    this.tell(
      { code: 'invalid-value', message: `stage '${this.name}' at ${missing}: is missing`, hint },
      this.at,
      true,
    );
  }

  private tell(problem: { code: string; message: string; hint?: string }, at: YamlPath, key = false): void {
    this.context.problems.add({ ...problem, location: this.context.yaml.locate(at, { key }) });
  }
}

/** A stage as it is written, ready to be filled in. */
interface Body {
  readonly written: unknown;
  readonly at: YamlPath;
  readonly fill: Fillable;
  readonly vars: unknown;
}

function without(written: Readonly<Record<string, unknown>>, keys: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(written).filter(([key]) => !keys.includes(key)));
}
