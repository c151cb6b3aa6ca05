import { posix } from 'node:path';
import type { z } from 'zod';
import { isMap } from '../../../base/json-map.js';
import { OcrpipeError } from '../../../base/errors.js';
import { repoPath, type RepoPath } from '../../../base/paths.js';
import { parseYamlFile, type YamlFile } from '../../../base/yaml-file.js';
import { stageSchema, type WrittenStage } from '../schema/definition-schema.js';
import { expandFile, type ExpandedStage, type StagePlace } from '../instances/expand.js';
import { PARAMS_FILE, PIPELINE_FILE } from '../stage/file-names.js';
import { ProblemList } from '../problems/problem-list.js';
import { problemOf, throwProblems, type Problem } from '../problems/problems.js';
import { parseAmount } from '../stage/resources.js';
import { readLimits, type Limits } from '../stage/retry.js';
import { readDependencies, type ReadDependencies, type Reading } from '../dependencies/read-dependencies.js';
import { readEnvironment } from './read-environment.js';
import { withStageDependencies } from '../dependencies/stage-dependencies.js';
import type { Output, ParamsUse, Pipeline, Plot, Resources, Stage, YamlPath } from '../stage/stage.js';
import { issueProblems } from '../schema/schema-problems.js';
import { StageNames, stageName } from '../stage/stage-names.js';
import { hasTemplate } from '../templating/template.js';
import { whereFrom } from '../templating/template-problems.js';
import { ValueFiles } from '../templating/variables.js';

/** What a pipeline is read from. */
export interface DefinitionSource {
  /** The text of a file of the workspace; undefined if there is none. */
  readonly read: (path: RepoPath) => string | undefined;
  /** The pipeline files, the one at the root first. */
  readonly files: readonly RepoPath[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How messages call a file, if not by its path. */
  readonly called?: (path: RepoPath) => string;
  /** What parses the pipeline files; `parseYamlFile` unless given. */
  readonly parse?: (text: string, file: string) => YamlFile;
}

export interface ReadPipeline {
  readonly pipeline: Pipeline;
  readonly problems: readonly Problem[];
}

/**
 * pipeline.yaml -> stages. Every problem found is in the one error thrown (exit code 2, file:line:column): see `readPipeline`.
 * `source`: what else it may read; nothing unless given.
 */
export function parsePipeline(
  text: string,
  file: string = PIPELINE_FILE,
  source: Partial<DefinitionSource> = {},
): Pipeline {
  const { pipeline, problems } = readPipeline({
    environment: {},
    ...source,
    files: [file as RepoPath],
    read: (path) => (path === file ? text : source.read?.(path)),
  });
  throwProblems(problems);
  return pipeline;
}

/**
 * The stages of all pipeline files, and every problem found in them: `yaml-syntax`, `unknown-key`, `invalid-value`, `unknown-name`,
 * `template-invalid`, `item-twice`, `stage-twice`, `path-outside-workspace` and the like. A stage with a problem is left out.
 */
export function readPipeline(source: DefinitionSource): ReadPipeline {
  const values = new ValueFiles(source);
  const problems = new ProblemList();
  const read: Stage[] = [];
  const wanted = new Map<string, { name: string; at: YamlPath; folder: RepoPath }[]>();
  const places = new Map<string, StagePlace>();
  const whole: { file?: YamlFile } = {};
  const locate: Pipeline['locate'] = (path, options) => locateStage({ places, whole }, path, options);
  for (const file of source.files) {
    const text = source.read(file) ?? '';
    const yaml = parseFile({ text, file: source.called?.(file) ?? file }, source, problems);
    if (!yaml) continue;
    whole.file ??= yaml;
    const folder = posix.dirname(file) as RepoPath;
    const expanded = expandFile({
      yaml,
      folder,
      values,
      environment: source.environment,
      problems,
      hasReferences: hasTemplate(text),
    });
    const reader = new StageReader({ locate }, folder);
    for (const each of expanded) {
      const name = stageName(folder, each.name);
      if (places.has(name)) problems.add(stageTwice(name, each.place));
      places.set(name, each.place);
      const stage = checkedStage(name, each, { reader, problems, locate });
      if (!stage) continue;
      const group = each.group && { name: stageName(folder, each.group.name), key: each.group.key };
      read.push({ ...stage, ...(group && { group }) });
    }
    for (const problem of reader.problems) problems.add(problem);
    for (const [name, refs] of reader.stageDeps)
      wanted.set(
        name,
        refs.map((ref) => ({ ...ref, folder })),
      );
  }
  const [file = PIPELINE_FILE] = source.files;
  const files = [...source.files, ...values.names];
  const valueFiles = values.names;
  const known = new StageNames([...places.keys()]);
  const stages = withStageDependencies(read, { wanted, known, locate });
  for (const problem of stages.problems) problems.add(problem);
  return { pipeline: { file, files, valueFiles, stages: stages.stages, locate }, problems: problems.all() };
}

/** An empty file is a map without keys. Problems of a file that cannot be read at all are told, and nothing comes of it. */
function parseFile(
  { text, file }: { text: string; file: string },
  { parse = parseYamlFile }: Pick<DefinitionSource, 'parse'>,
  problems: ProblemList,
): YamlFile | undefined {
  try {
    return parse(text, file);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    problems.add(problemOf(error));
    return undefined;
  }
}

function stageTwice(name: string, { yaml, stage }: StagePlace): Problem {
  return {
    code: 'stage-twice',
    message: `there are two stages '${name}'`,
    hint: 'Rename one of the two.',
    location: yaml.locate(stage, { key: true }),
  };
}

interface Checking {
  readonly reader: StageReader;
  readonly problems: ProblemList;
  readonly locate: Pipeline['locate'];
}

/** The stage, or its problems. */
function checkedStage(
  name: string,
  expanded: ExpandedStage,
  { reader, problems, locate }: Checking,
): Stage | undefined {
  const { value, written, scope, mistaken, place } = expanded;
  const parsed = stageSchema.safeParse(value);
  if (parsed.success) {
    const before = reader.problems.length;
    const stage = reader.read(name, parsed.data);
    return reader.problems.length === before && mistaken.length === 0 ? stage : undefined;
  }
  const checked = {
    file: place.yaml.file,
    value,
    base: ['stages', name],
    locate,
    from: (path: YamlPath) => whereFrom(written, path, scope),
  };
  const untold = parsed.error.issues.filter(
    ({ path }) => !mistaken.some((at) => at.every((part, index) => path[index] === part)),
  );
  for (const issue of untold) for (const problem of issueProblems(issue, checked)) problems.add(problem);
  readRest(name, value, { issues: parsed.error.issues, reader });
  return undefined;
}

/** Reads what has the right form, for what is wrong with it: all of that is told at once. */
function readRest(
  name: string,
  value: unknown,
  { issues, reader }: { issues: readonly z.core.$ZodIssue[]; reader: StageReader },
): void {
  if (!isMap(value)) return;
  const wrong = new Set(
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])])),
  );
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key)));
  const parsed = stageSchema.safeParse({ run: 'true', ...rest });
  if (parsed.success) reader.read(name, parsed.data);
}

interface Places {
  readonly places: ReadonlyMap<string, StagePlace>;
  /** The first file. */
  readonly whole: { readonly file?: YamlFile };
}

/** Where something of a stage stands, whatever it is an instance of and whichever file it is in. */
function locateStage(
  { places, whole }: Places,
  path: YamlPath,
  options?: { key?: boolean },
): ReturnType<Pipeline['locate']> {
  const [section, name, ...rest] = path;
  const place = section === 'stages' ? places.get(String(name)) : undefined;
  if (place) return place.yaml.locate(rest.length === 0 ? place.stage : [...place.body, ...rest], options);
  return whole.file?.locate(path, options) ?? { file: PIPELINE_FILE };
}

function executorOf({ executor = {} }: WrittenStage, base: YamlPath): Pick<Stage, 'executor'> {
  const [named] = Object.entries(executor);
  if (named === undefined || (named[0] === 'local' && Object.keys(named[1]).length === 0)) return {};
  return { executor: { name: named[0], settings: named[1], at: [...base, 'executor'] } };
}

/** Turns what is written into stages, and keeps the problems that it meets instead of stopping at the first. */
class StageReader {
  readonly problems: Problem[] = [];
  /** By stage, the stages whose outputs it reads. */
  readonly stageDeps = new Map<string, ReadDependencies['stages']>();
  private readonly yaml: Pick<Pipeline, 'locate'>;
  /** That of the file: paths start from it. */
  private readonly folder: RepoPath;

  constructor(yaml: Pick<Pipeline, 'locate'>, folder: RepoPath) {
    this.yaml = yaml;
    this.folder = folder;
  }

  read(name: string, written: WrittenStage): Stage {
    const base: YamlPath = ['stages', name];
    const wdir = this.path(written.wdir ?? '.', this.folder, [...base, 'wdir']);
    const reading = this.reading(wdir);
    const { deps, urls, params, stages } = readDependencies(written.deps ?? [], base, reading);
    this.stageDeps.set(name, stages);
    return {
      name,
      run: written.run.map((line) => line.trim()),
      wdir,
      deps,
      urls,
      after: [],
      params: [...this.params(written, wdir, base), ...params],
      outs: this.outs(written, wdir, base),
      plots: this.plots(written, wdir, base),
      ...(written.desc !== undefined && { desc: written.desc }),
      ...readEnvironment(written, base, reading),
      frozen: written.frozen ?? false,
      always: written.always ?? false,
      resources: this.resources(written, base),
      ...this.limits(written, base),
      ...executorOf(written, base),
    };
  }

  private limits(written: WrittenStage, base: YamlPath): Limits {
    return readLimits(written, (at, text) => {
      this.problems.push({
        code: 'invalid-value',
        message: `'${text}' is no time`,
        hint: 'Write for example 90s, 10m or 1h30m.',
        location: this.yaml.locate([...base, ...at]),
      });
    });
  }

  private reading(wdir: RepoPath): Reading {
    return {
      wdir,
      path: (path, at) => this.path(path, wdir, at),
      refuse: (at, problem) => void this.problems.push({ ...problem, location: this.yaml.locate(at) }),
    };
  }

  private params(written: WrittenStage, wdir: RepoPath, base: YamlPath): ParamsUse[] {
    return (written.params ?? []).map((use, index) => {
      const at = [...base, 'params', index];
      // params.yaml without a file named stands beside pipeline.yaml: one file for all of its stages.
      const file =
        use.file === undefined
          ? repoPath(posix.join(this.folder, PARAMS_FILE))
          : this.path(use.file, wdir, at);
      return { file, keys: use.keys, at };
    });
  }

  private outs(written: WrittenStage, wdir: RepoPath, base: YamlPath): Output[] {
    const sections = [
      { name: 'outs', kind: 'out', items: written.outs ?? [] },
      { name: 'metrics', kind: 'metric', items: written.metrics ?? [] },
    ] as const;
    const listed = sections.flatMap(({ name, kind, items }) =>
      items.map((item, index): Output => {
        const at = [...base, name, index];
        return {
          path: this.path(item.path, wdir, at),
          kind,
          cache: item.cache ?? kind === 'out',
          persist: item.persist ?? false,
          ...(item.remote !== undefined && { remote: item.remote }),
          ...(item.desc !== undefined && { desc: item.desc }),
          at,
        };
      }),
    );
    const plotted = (written.plots ?? []).map((item, index): Output => {
      const at = [...base, 'plots', index];
      const path = this.path(item.file, wdir, at);
      return { path, kind: 'plot', cache: item.cache ?? false, persist: false, at };
    });
    // One file may be drawn several times, and an output or a metric may be drawn as well.
    const named = new Set(listed.map((out) => out.path));
    return [...listed, ...uniqueByPath(plotted).filter((out) => !named.has(out.path))];
  }

  private plots(written: WrittenStage, wdir: RepoPath, base: YamlPath): Plot[] {
    return (written.plots ?? []).map((item, index) => ({
      file: this.path(item.file, wdir, [...base, 'plots', index]),
      ...(item.x !== undefined && { x: item.x }),
      ...(item.y !== undefined && { y: item.y }),
      ...(item.title !== undefined && { title: item.title }),
      ...(item.xLabel !== undefined && { xLabel: item.xLabel }),
      ...(item.yLabel !== undefined && { yLabel: item.yLabel }),
    }));
  }

  private resources(written: WrittenStage, base: YamlPath): Resources {
    const entries = Object.entries(written.resources ?? {}).map(([pool, amount]): [string, number] => {
      const parsed = parseAmount(pool, amount);
      if (parsed === undefined) {
        this.problems.push({
          code: 'invalid-value',
          message: `'${String(amount)}' is no amount of ${pool}`,
          hint: pool === 'memory' ? 'Write for example 8GiB.' : 'Write a whole number.',
          location: this.yaml.locate([...base, 'resources', pool]),
        });
      }
      return [pool, parsed ?? 0];
    });
    return Object.fromEntries(entries);
  }

  /** `path` as written in a stage whose folder is `wdir`; a problem, and the path as it stands, if it leaves the workspace. */
  private path(path: string, wdir: string, at: YamlPath): RepoPath {
    try {
      return repoPath(posix.isAbsolute(path) ? path : posix.join(wdir, path));
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      this.problems.push({
        code: error.code,
        message: `'${path}' is outside the workspace`,
        hint: 'Stages read and write inside the workspace only; give a relative path.',
        location: this.yaml.locate(at),
      });
      return path as RepoPath;
    }
  }
}

function uniqueByPath<T extends { path: RepoPath }>(items: readonly T[]): T[] {
  const seen = new Map<RepoPath, T>();
  for (const item of items) if (!seen.has(item.path)) seen.set(item.path, item);
  return [...seen.values()];
}
