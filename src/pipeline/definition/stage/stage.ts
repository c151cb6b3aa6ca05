import type { Location } from '../../../base/errors.js';
import type { RepoPath } from '../../../base/paths.js';
import type { Limits } from './retry.js';
import type { FileChoice } from '../../../tracking/file-choice.js';

/** Where a value stands in pipeline.yaml, as the keys and indexes that lead to it. */
export type YamlPath = readonly (string | number)[];

/** Lines of a file, counted from 1, both ends included; without `to` all that follow. */
export interface LineRange {
  readonly from: number;
  readonly to?: number;
}

/** What of a path counts, where not all of it does. */
export type DependencyPart =
  /** The files that a pattern names; the path is the folder that it begins in, `choice` what it names below. */
  | { readonly kind: 'glob'; readonly pattern: RepoPath; readonly choice: FileChoice }
  /** Sorted, and apart from each other. */
  | { readonly kind: 'lines'; readonly ranges: readonly LineRange[] }
  /** The files that git holds or would take up, as they stand in the workspace. */
  | { readonly kind: 'git' };

/** A file or directory that a stage reads. */
export interface Dependency {
  readonly path: RepoPath;
  readonly part?: DependencyPart;
  readonly at: YamlPath;
}

/** Something elsewhere that a stage reads by itself: only which version it is counts. */
export interface UrlDependency {
  readonly url: string;
  /** The remote whose settings say how it is reached. */
  readonly remote?: string;
  readonly at: YamlPath;
}

/** A variable of the environment that counts. `value` undefined: the one that ocrpipe was started with. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly at: YamlPath;
}

/** A variable of the environment whose value is written nowhere. */
export interface Secret {
  readonly name: string;
  readonly at: YamlPath;
}

/** A file or directory that a stage makes. */
export interface Output {
  readonly path: RepoPath;
  readonly kind: 'out' | 'metric' | 'plot';
  /** True: the store holds it and a pointer names it. False: git holds it, and the store keeps a copy to restore it from. */
  readonly cache: boolean;
  /** True: what an earlier run left is still there when the command starts. */
  readonly persist: boolean;
  readonly remote?: string;
  readonly desc?: string;
  readonly at: YamlPath;
}

/** The values of one parameters file that a stage reads. `keys` undefined: the whole file. */
export interface ParamsUse {
  readonly file: RepoPath;
  readonly keys: readonly string[] | undefined;
  readonly at: YamlPath;
}

/** How a file of numbers is drawn. */
export interface Plot {
  readonly file: RepoPath;
  readonly x?: string;
  readonly y?: readonly string[];
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
}

/** What a running stage takes from the pools; `memory` in bytes, all others in pieces. Only named pools are taken from. */
export type Resources = Readonly<Record<string, number>>;

/** What an instance of a stage with `foreach` or `matrix` belongs to. Its name is `name@key`. */
export interface StageGroup {
  readonly name: string;
  readonly key: string;
}

/** Where a stage runs: an executor of the configuration, and settings that this stage has otherwise. */
export interface ExecutorUse {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly at: YamlPath;
}

/** One step of a pipeline. All paths are relative to the workspace root, whatever `wdir` is. */
export interface Stage extends Limits {
  readonly name: string;
  readonly group?: StageGroup;
  /** Shell command lines, run one after the other until one fails. */
  readonly run: readonly string[];
  /** The folder in which the commands run. */
  readonly wdir: RepoPath;
  readonly deps: readonly Dependency[];
  readonly urls: readonly UrlDependency[];
  /** Stages that it waits for, whatever they make. */
  readonly after: readonly string[];
  readonly params: readonly ParamsUse[];
  readonly outs: readonly Output[];
  readonly plots: readonly Plot[];
  readonly desc?: string;
  readonly env: readonly Variable[];
  readonly secrets: readonly Secret[];
  readonly frozen: boolean;
  readonly always: boolean;
  readonly resources: Resources;
  /** On this machine where left out. */
  readonly executor?: ExecutorUse;
}

/** A parsed pipeline.yaml, and those that it includes. */
export interface Pipeline {
  readonly file: string;
  /** The pipeline files, and those whose values stand in them. */
  readonly files: readonly RepoPath[];
  /** Of these, the files of values: params.yaml beside a pipeline file where one is read, and what `vars` names. */
  readonly valueFiles: readonly RepoPath[];
  /** In the order of the files. */
  readonly stages: ReadonlyMap<string, Stage>;
  /** Where something stands: `['stages', name, …]`, with the whole name of a stage or instance. */
  locate(path: YamlPath, options?: { key?: boolean }): Location;
}
