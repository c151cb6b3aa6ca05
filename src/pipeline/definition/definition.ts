import { posix } from 'node:path';
import type { z } from 'zod';
import { OcrpipeError } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import { repoPath, type RepoPath } from '../../base/paths.js';
import { parseYamlFile, type YamlFile } from '../../base/yaml-file.js';
import { issueText } from '../../base/yaml-schema.js';
import { knownKeys, pipelineSchema, type WrittenStage } from './definition-schema.js';
import { PARAMS_FILE, PIPELINE_FILE } from './file-names.js';
import { throwProblems, type Problem } from './problems.js';
import { parseAmount } from './resources.js';
import { readLimits, type Limits } from './retry.js';
import { readDependencies, type ReadDependencies, type Reading } from './read-dependencies.js';
import { readEnvironment } from './read-environment.js';
import { withStageDependencies } from './stage-dependencies.js';
import type { Output, ParamsUse, Pipeline, Plot, Resources, Stage, YamlPath } from './stage.js';

/**
 * pipeline.yaml -> stages. Every problem found is in the one error thrown (exit code 2, file:line:column): `yaml-syntax`,
 * `unknown-key`, `invalid-value`, `path-outside-workspace`.
 */
export function parsePipeline(text: string, file: string = PIPELINE_FILE): Pipeline {
  const yaml = parseYamlFile(text, file);
  const parsed = pipelineSchema.safeParse(yaml.value ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => issueProblems(issue, yaml));
    // A misspelt key is why another one is missing: it comes first.
    const isCause = (problem: Problem): boolean => problem.code === 'unknown-key';
    throwProblems([...problems.filter(isCause), ...problems.filter((problem) => !isCause(problem))]);
  }
  const written = Object.entries(parsed.data!.stages);
  const reader = new StageReader(yaml);
  const read = written.map(([name, stage]) => reader.read(name, stage));
  const { stages, problems } = withStageDependencies(read, reader.stageDeps, (at) => yaml.locate(at));
  throwProblems([...reader.problems, ...problems]);
  return { file, stages, locate: (path, options) => yaml.locate(path, options) };
}

function issueProblems(issue: z.core.$ZodIssue, yaml: YamlFile): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({
      code: 'unknown-key',
      message: `${placeName(path)} has no key '${key}'`,
      hint: suggest(key, known),
      location: yaml.locate([...path, key], { key: true }),
    }));
  }
  if (issue.code === 'invalid_key') {
    return [
      {
        code: 'invalid-value',
        message: `'${String(path.at(-1))}' cannot be the name of a stage`,
        hint: "Use letters, digits, '_', '-', '.', '=' and '@', at most 200, starting with a letter or digit.",
        location: yaml.locate(path, { key: true }),
      },
    ];
  }
  const value = valueAt(yaml.value, path);
  const hint = path.length <= 1 ? 'Write the stages below it, each under its name.' : listHint(value, issue);
  return [
    {
      code: 'invalid-value',
      message: `${placeName(path)}: ${wordsOf(value, issue)}`,
      ...(hint !== undefined && { hint }),
      location: yaml.locate(path),
    },
  ];
}

/** One text where a list of them belongs. */
function listHint(value: unknown, issue: z.core.$ZodIssue): string | undefined {
  if (issue.code !== 'invalid_type' || issue.expected !== 'array') return undefined;
  if (typeof value !== 'string') return undefined;
  return `Write [${/^[\w./@+-]+$/.test(value) ? value : JSON.stringify(value)}].`;
}

function wordsOf(value: unknown, issue: z.core.$ZodIssue): string {
  if (value === undefined) return 'is missing';
  return value === null ? `is empty, and ${issueText(issue)}` : issueText(issue);
}

/** Undefined where nothing is written. */
function valueAt(value: unknown, path: YamlPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

function placeName(path: YamlPath): string {
  if (path.length === 0) return PIPELINE_FILE;
  if (path.length === 1) return `'${String(path[0])}'`;
  const rest = path.slice(2).map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`));
  return `stage '${String(path[1])}'${rest.length === 0 ? '' : ` at ${rest.join('').replace(/^\./, '')}`}`;
}

/** Turns what is written into stages, and keeps the problems that it meets instead of stopping at the first. */
class StageReader {
  readonly problems: Problem[] = [];
  /** By stage, the stages whose outputs it reads. */
  readonly stageDeps = new Map<string, ReadDependencies['stages']>();
  private readonly yaml: YamlFile;

  constructor(yaml: YamlFile) {
    this.yaml = yaml;
  }

  read(name: string, written: WrittenStage): Stage {
    const base: YamlPath = ['stages', name];
    const wdir = this.path(written.wdir ?? '.', '.', [...base, 'wdir']);
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
      // params.yaml without a file named is that of the workspace root: one file for all stages.
      const file = use.file === undefined ? repoPath(PARAMS_FILE) : this.path(use.file, wdir, at);
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
