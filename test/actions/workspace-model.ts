/**
 * What a place holds: names below it and their contents; the one name '' if the place itself is a file. No entry: nothing is
 * there. Folders are not named, since no empty one is kept.
 */
export type Files = ReadonlyMap<string, string>;

/** The places in the workspace that can be tracked. */
export const PLACES = ['data', 'scans', 'box/data'] as const;
export type Place = (typeof PLACES)[number];

export const NOTHING: Files = new Map();

/** What is known of one place: what the user did there, and what the commands promise. */
export interface PlaceState {
  files: Files;
  /** What its pointer names. */
  pointer?: Files | undefined;
  /** What ocrpipe last put there, or took from there, as far as that is certain. */
  lastPut: Files | 'nothing' | 'unknown';
  /** What a checkout that died began to put there; `surely` if something of it is there. */
  begun?: { files: Files; surely: boolean } | undefined;
}

/** What is known of a workspace without looking at it. */
export class Model {
  readonly #places = new Map<Place, PlaceState>();
  /** What the pointers name that each branch has committed. */
  readonly branches = new Map<string, ReadonlyMap<Place, Files>>([['main', new Map()]]);
  branch = 'main';
  /** Contents that some commit names. */
  readonly committed = new Set<string>();
  /** Moves that died and may not be finished, as `status` names them. */
  readonly moving = new Set<string>();
  /** Versions that the remote has, as text. */
  readonly pushed = new Set<string>();

  at(place: Place): PlaceState {
    return this.#places.get(place) ?? { files: NOTHING, lastPut: 'nothing' };
  }

  /** Changes what is known of a place. */
  set(place: Place, change: Partial<PlaceState>): void {
    this.#places.set(place, { ...this.at(place), ...change });
  }

  /** What stands at a place is in the store, and its pointer names it. */
  store(place: Place): void {
    const { files } = this.at(place);
    this.set(place, { pointer: files, lastPut: files, begun: undefined });
  }

  /** A command died that may have come to remember what it found to be clean. */
  maybeRemembered(place: Place): void {
    const { files, pointer, lastPut, begun } = this.at(place);
    if (!sameFiles(files, pointer)) return;
    if (lastPut !== 'unknown' && !begun && typeof lastPut !== 'string' && sameFiles(lastPut, files)) return;
    this.set(place, { lastPut: 'unknown', begun: begun && { ...begun, surely: false } });
  }

  /** The files of a place are what the pointer names. */
  putThere(place: Place): void {
    const { pointer = NOTHING } = this.at(place);
    this.set(place, { files: pointer, lastPut: pointer, begun: undefined });
  }

  /** What the pointers name. */
  get pointers(): ReadonlyMap<Place, Files> {
    return new Map(
      PLACES.flatMap((place) => {
        const { pointer } = this.at(place);
        return pointer ? [[place, pointer] as const] : [];
      }),
    );
  }

  /** What the pointers name that the current branch has committed. */
  get committedPointers(): ReadonlyMap<Place, Files> {
    return this.branches.get(this.branch)!;
  }

  /** The current branch names what the pointers do. */
  commit(): void {
    this.branches.set(this.branch, this.pointers);
    for (const files of this.pointers.values()) for (const text of files.values()) this.committed.add(text);
  }

  /** Git puts the pointers of a branch into the workspace. */
  switchTo(branch: string): void {
    this.branch = branch;
    for (const place of PLACES) this.set(place, { pointer: this.committedPointers.get(place) });
  }

  /** True if git has every pointer as it stands. */
  get isCommitted(): boolean {
    return PLACES.every((place) => sameFiles(this.at(place).pointer, this.committedPointers.get(place)));
  }

  /** Contents that a collection of all that no commit names must keep. */
  get needed(): Set<string> {
    const needed = new Set(this.committed);
    for (const place of PLACES) {
      const { files, pointer = NOTHING, lastPut, begun } = this.at(place);
      const put = typeof lastPut === 'string' || files.size === 0 ? NOTHING : lastPut;
      const begunThere = begun?.surely === true ? begun.files : NOTHING;
      for (const kept of [pointer, put, begunThere]) for (const text of kept.values()) needed.add(text);
    }
    return needed;
  }

  /** Garbage is gone. What is remembered of a place where nothing stands may name what is no more. */
  collect(): void {
    for (const place of PLACES) {
      const { files, pointer, lastPut } = this.at(place);
      if (files.size > 0 || typeof lastPut === 'string' || sameFiles(lastPut, pointer)) continue;
      this.set(place, { lastPut: 'unknown' });
    }
  }
}

export function sameFiles(a: Files | undefined, b: Files | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && textOf(a) === textOf(b));
}

export function textOf(files: Files): string {
  return JSON.stringify([...files].sort());
}

/** True if the place itself is a file. */
export function isFile(files: Files): boolean {
  return files.has('');
}

/** Names that none of these versions has as they stand: somebody's work. */
export function editedFrom(files: Files, known: readonly Files[]): string[] {
  return [...files.keys()].filter((name) => known.every((each) => each.get(name) !== files.get(name)));
}
