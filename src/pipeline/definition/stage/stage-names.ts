import { posix } from 'node:path';

/** Names of stages, found by what people type: a stage, a group of instances, a pattern. */
export class StageNames {
  readonly all: readonly string[];
  private readonly known: ReadonlySet<string>;
  private groups: ReadonlyMap<string, readonly string[]> | undefined;

  /** `all` in the order in which they are told. */
  constructor(all: readonly string[]) {
    this.all = all;
    this.known = new Set(all);
  }

  /**
   * The stage of this name; or all instances `NAME@…`; or, where `*` or `?` stand in it, all stages whose whole names fit. In `folder`
   * (that of a pipeline file, or the one it was typed in) its own stages may go without the folder's name. None: undefined.
   */
  named(typed: string, folder = '.'): readonly string[] | undefined {
    return this.exactly(typed) ?? (folder === '.' ? undefined : this.exactly(stageName(folder, typed)));
  }

  /** All that can be typed: groups of instances, and stages. */
  get nameable(): readonly string[] {
    this.groups ??= groupsOf(this.all);
    return [...this.groups.keys(), ...this.all];
  }

  private exactly(name: string): readonly string[] | undefined {
    if (this.known.has(name)) return [name];
    if (/[*?]/.test(name)) return this.fitting(name);
    this.groups ??= groupsOf(this.all);
    return this.groups.get(name);
  }

  private fitting(pattern: string): readonly string[] | undefined {
    const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
    const form = new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su');
    const names = this.all.filter((name) => form.test(name));
    return names.length === 0 ? undefined : names;
  }
}

function groupsOf(names: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    for (const { index } of name.matchAll(/@/g)) {
      const group = groups.get(name.slice(0, index));
      if (group) group.push(name);
      else groups.set(name.slice(0, index), [name]);
    }
  }
  return groups;
}

/** The name of a stage as that of a file: what only the names of folders bring in ('/', ':' and the like) is written as in an address. */
export function stageFileName(stage: string): string {
  return stage.replaceAll(/[^A-Za-z0-9_.@=-]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  );
}

/** The stage that such a file belongs to. */
export function stageOfFileName(name: string): string {
  return decodeURIComponent(name);
}

/** The name of a stage in the whole workspace: those of a folder have its path before them, `models/a:train`. */
export function stageName(folder: string, name: string): string {
  return folder === '.' ? name : `${posix.normalize(folder)}:${name}`;
}
