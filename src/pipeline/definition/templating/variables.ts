import { posix } from 'node:path';
import type { JsonValue } from '../../../base/canonical-json.js';
import { OcrpipeError } from '../../../base/errors.js';
import { splitKey } from '../../../base/flatten-json.js';
import { suggest } from '../../../base/nearest.js';
import { repoPath, type RepoPath } from '../../../base/paths.js';
import { parseValuesFile } from '../../../base/values-file.js';
import type { YamlFile } from '../../../base/yaml-file.js';
import { PARAMS_FILE } from '../stage/file-names.js';
import { fillable, type FillMistake } from './fill.js';
import { isMap } from '../../../base/json-map.js';
import { locationText } from '../problems/location-text.js';
import { problemOf, type Problem } from '../problems/problems.js';
import { Scope, type Layer } from './scope.js';
import type { YamlPath } from '../stage/stage.js';
import { fillProblem } from './template-problems.js';

interface TextSource {
  readonly read: (path: RepoPath) => string | undefined;
  readonly called?: (path: RepoPath) => string;
}

/** Files of values, each read and parsed once. */
export class ValueFiles {
  private readonly parsed = new Map<RepoPath, YamlFile | undefined>();
  private readonly source: TextSource;

  constructor(source: TextSource) {
    this.source = source;
  }

  /** Those that were found. */
  get names(): readonly RepoPath[] {
    return [...this.parsed].filter(([, file]) => file).map(([path]) => path);
  }

  /** Undefined if there is none. Throws what `parseValuesFile` throws, each time. */
  read(path: RepoPath): YamlFile | undefined {
    if (this.parsed.has(path)) return this.parsed.get(path);
    const text = this.source.read(path);
    const file = text === undefined ? undefined : parseValuesFile(text, this.source.called?.(path) ?? path);
    this.parsed.set(path, file);
    return file;
  }
}

/** What the entries of a file's `vars` are read with. */
export interface VariableSource {
  /** The file that has them. */
  readonly yaml: YamlFile;
  /** Its folder, which paths of files start from. */
  readonly folder: RepoPath;
  readonly files: ValueFiles;
  readonly problem: (problem: Problem) => void;
}

/** Names for `${…}`. `complete` is false if some could not be read: what is not there may be theirs. */
export interface Names {
  readonly scope: Scope;
  readonly complete: boolean;
}

/** The names of params.yaml beside the file, if it is there. */
export function paramsNames(source: VariableSource): Names {
  return new VariableReader(source, { scope: Scope.EMPTY, complete: true }).params();
}

/**
 * `names` and those of a list of `vars` at `at`: files (`other.yaml`, `other.yaml:key,key`) and maps, each of which may use the
 * names before it. Problems: `missing-variables-file`, `missing-parameter`, `name-twice`, and what is wrong with their references.
 */
export function withVariables(
  names: Names,
  vars: readonly unknown[],
  at: YamlPath,
  source: VariableSource,
): Names {
  const reader = new VariableReader(source, names);
  for (const [index, entry] of vars.entries()) reader.entry(entry, [...at, index]);
  return reader.names;
}

class VariableReader {
  names: Names;
  private readonly source: VariableSource;

  constructor(source: VariableSource, names: Names) {
    this.source = source;
    this.names = names;
  }

  params(): Names {
    const path = posix.join(this.source.folder, PARAMS_FILE) as RepoPath;
    this.add(this.file(path));
    return this.names;
  }

  entry(written: unknown, at: YamlPath): void {
    const mistake = (found: FillMistake): void => {
      if (found.kind === 'unknown' && !this.names.complete) return;
      this.names = { ...this.names, complete: false };
      this.source.problem(fillProblem(found, this.source.yaml, this.names.scope));
    };
    const { scope } = this.names;
    const entry = fillable(written, at, () => false)({ scope, mistake });
    if (typeof entry === 'string') this.fileEntry(entry, at);
    else if (isMap(entry)) {
      this.add({ values: entry, place: (path) => this.source.yaml.locate([...at, ...path], { key: true }) });
    } else {
      this.tell({
        code: 'invalid-value',
        message: `'vars' at [${String(at.at(-1))}] must be the name of a file, or a map (key: value)`,
        location: this.source.yaml.locate(at),
      });
    }
  }

  /** `file.yaml` or `file.yaml:key,other.key`. */
  private fileEntry(entry: string, at: YamlPath): void {
    const colon = entry.lastIndexOf(':');
    const name = colon === -1 ? entry : entry.slice(0, colon);
    const path = this.path(name, at);
    const layer = path && this.file(path);
    if (path === undefined || layer === 'broken') return;
    if (layer === undefined) {
      this.tell({
        code: 'missing-variables-file',
        message: `'${path}', which 'vars' names, is not there`,
        hint: 'Correct the path, which starts from the folder of this file, or take it out.',
        location: this.source.yaml.locate(at),
      });
      return;
    }
    this.add(colon === -1 ? layer : this.onlyKeys(layer, entry.slice(colon + 1).split(','), at));
  }

  private onlyKeys(layer: Layer, keys: readonly string[], at: YamlPath): Layer {
    const values: Record<string, JsonValue> = {};
    for (const key of keys.map((each) => each.trim())) {
      const name = splitKey(key)[0]!;
      const value = layer.values[name];
      if (value !== undefined) values[name] = value;
      else {
        this.tell({
          code: 'missing-parameter',
          message: `${layer.place([])?.file ?? 'the file'} has no '${key}', which 'vars' names`,
          hint: suggest(key, Object.keys(layer.values)),
          location: this.source.yaml.locate(at),
        });
      }
    }
    return { values, place: layer.place };
  }

  private path(name: string, at: YamlPath): RepoPath | undefined {
    try {
      return repoPath(posix.isAbsolute(name) ? name : posix.join(this.source.folder, name));
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      this.tell({ ...problemOf(error), location: this.source.yaml.locate(at) });
      return undefined;
    }
  }

  /** The names in a file; undefined if it is not there. */
  private file(path: RepoPath): Layer | 'broken' | undefined {
    try {
      const yaml = this.source.files.read(path);
      if (yaml === undefined) return undefined;
      const place: Layer['place'] = (keys) => yaml.locate(keys);
      return { values: isMap(yaml.value) ? yaml.value : {}, place };
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      this.tell(problemOf(error));
      return 'broken';
    }
  }

  private add(layer: Layer | 'broken' | undefined): void {
    if (layer === undefined || layer === 'broken') return;
    const { scope, conflicts } = this.names.scope.with(layer);
    this.names = { ...this.names, scope };
    for (const { path, first, second } of conflicts) {
      // A file that is named again: params.yaml, say.
      if (first && second && locationText(first) === locationText(second)) continue;
      this.source.problem({
        code: 'name-twice',
        message: `'${path.join('.')}' has a value already${first ? `, at ${locationText(first)}` : ''}`,
        hint: "One name has one value among params.yaml and 'vars': rename one of the two.",
        ...(second && { location: second }),
      });
    }
  }

  /** Some names could not be had. */
  private tell(problem: Problem): void {
    this.names = { ...this.names, complete: false };
    this.source.problem(problem);
  }
}
