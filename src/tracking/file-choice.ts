/** Which files below a folder are meant. Names are raw bytes, one character a byte (latin1). */
export interface FileChoice {
  /** True if a file of this name in the folder is meant. */
  takes(name: string): boolean;
  /** What is meant in a folder of this name in it; undefined: nothing. */
  within(name: string): FileChoice | undefined;
}

/** True if a choice may take the file, or something in the folder, at a path below its folder. */
export function mayTake(choice: FileChoice, path: string): boolean {
  const names = path.split('/');
  const last = names.pop()!;
  let here: FileChoice | undefined = choice;
  for (const name of names) here = here?.within(name);
  return here !== undefined && (here.takes(last) || here.within(last) !== undefined);
}

/** Exactly these files, by their paths below the folder. */
export function theseFiles(paths: Iterable<string>): FileChoice {
  const root = new Named();
  for (const path of paths) root.add(path.split('/'));
  return root;
}

class Named implements FileChoice {
  readonly #files = new Set<string>();
  readonly #folders = new Map<string, Named>();

  add(names: readonly string[]): void {
    const [first, ...rest] = names;
    if (first === undefined) return;
    if (rest.length === 0) {
      this.#files.add(first);
      return;
    }
    const folder = this.#folders.get(first) ?? new Named();
    this.#folders.set(first, folder);
    folder.add(rest);
  }

  takes(name: string): boolean {
    return this.#files.has(name);
  }

  within(name: string): FileChoice | undefined {
    return this.#folders.get(name);
  }
}

/** A choice without some paths below its folder, and all that lies in them. */
export function allBut(choice: FileChoice, paths: ReadonlySet<string>, prefix = ''): FileChoice {
  if (paths.size === 0) return choice;
  return {
    takes: (name) => !paths.has(prefix + name) && choice.takes(name),
    within: (name) => {
      const inner = paths.has(prefix + name) ? undefined : choice.within(name);
      return inner && allBut(inner, paths, `${prefix}${name}/`);
    },
  };
}
