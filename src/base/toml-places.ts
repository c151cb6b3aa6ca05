/** Where a key stands, both from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

const KEY = String.raw`(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')`;
const KEYS = String.raw`${KEY}(?:\s*\.\s*${KEY})*`;
const TABLE = new RegExp(String.raw`^(\s*\[\s*)(${KEYS})\s*\]`);
const TABLE_OF_LIST = new RegExp(String.raw`^(\s*\[\[\s*)(${KEYS})\s*\]\]`);
const PAIR = new RegExp(String.raw`^(\s*)(${KEYS})\s*=(.*)$`);

/**
 * The places of the tables and keys that begin a line of a TOML text, by the JSON of their path (items of lists are numbers as texts). What
 * stands inside of lists and inline tables has none.
 */
export function tomlPlaces(text: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const counts = new Map<string, number>();
  const note = (path: readonly string[], place: Place): void => {
    for (let length = 1; length <= path.length; length += 1) {
      const key = JSON.stringify(path.slice(0, length));
      if (!places.has(key)) places.set(key, place);
    }
  };
  let table: readonly string[] = [];
  let closing: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (closing !== undefined) {
      if (line.includes(closing)) closing = undefined;
      continue;
    }
    const place = (indent: string): Place => ({ line: index + 1, column: indent.length + 1 });
    const [list, single, pair] = [TABLE_OF_LIST.exec(line), TABLE.exec(line), PAIR.exec(line)];
    if (list) {
      table = itemPath(withItems(keysOf(list[2]!), counts), counts);
      note(table, place(list[1]!));
    } else if (single) {
      table = withItems(keysOf(single[2]!), counts);
      note(table, place(single[1]!));
    } else if (pair) {
      note([...table, ...keysOf(pair[2]!)], place(pair[1]!));
      closing = opened(pair[3]!);
    }
  }
  return places;
}

/** The keys of a dotted one. */
function keysOf(dotted: string): string[] {
  return [...dotted.matchAll(new RegExp(KEY, 'g'))].map(([key]) => {
    if (key.startsWith("'")) return key.slice(1, -1);
    return key.startsWith('"') ? textOf(key) : key;
  });
}

function textOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // An escape that JSON does not know.
    return quoted.slice(1, -1);
  }
}

/** The path with the newest item of each list of tables on its way. */
function withItems(keys: readonly string[], counts: ReadonlyMap<string, number>): string[] {
  const path: string[] = [];
  for (const [index, key] of keys.entries()) {
    path.push(key);
    const count = counts.get(JSON.stringify(path));
    if (count !== undefined && index < keys.length - 1) path.push(String(count - 1));
  }
  return path;
}

/** The next item of a list of tables. */
function itemPath(list: readonly string[], counts: Map<string, number>): string[] {
  const key = JSON.stringify(list);
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  return [...list, String(count)];
}

/** The quotes that end a text of several lines which begins here and does not end here. */
function opened(value: string): string | undefined {
  for (const quotes of ['"""', "'''"]) {
    const begin = value.indexOf(quotes);
    if (begin !== -1 && !value.includes(quotes, begin + 3)) return quotes;
  }
  return undefined;
}
