import { isDeepStrictEqual } from 'node:util';
import { Document, isMap, isScalar, isSeq, parseDocument, stringify, type Pair, type YAMLMap } from 'yaml';

export type SettingValue = string | number | boolean | readonly string[];

type Path = readonly string[];

/**
 * The text of a YAML file with one value set. Comments, order and spelling of everything else stay byte for byte where the
 * file is written as maps of one key a line; a file written otherwise keeps its comments and order.
 */
export function withValue(text: string, path: Path, value: SettingValue): string {
  const document = parse(text);
  const wanted = parse(text);
  wanted.setIn(path, wanted.createNode(value, { flow: true }));
  return spliced(
    wanted,
    () => replaced(text, document, path, value) ?? inserted(text, document, path, value),
  );
}

/** The text without one key, and without the maps that would be empty then. */
export function withoutKey(text: string, path: Path): string {
  const document = parse(text);
  if (!document.hasIn(path)) return text;
  const wanted = parse(text);
  const whole = emptiedBy(document, path);
  wanted.deleteIn(whole);
  return spliced(wanted, () => removed(text, document, whole));
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { version: '1.2', schema: 'core', keepSourceTokens: true });
}

/** The result of the edit by text if it says what is wanted; otherwise the document is written anew. */
function spliced(wanted: Document, edit: () => string | undefined): string {
  const text = edit();
  const says = text === undefined ? undefined : parse(text);
  const right = says !== undefined && isDeepStrictEqual(contentOf(says), wanted.toJS());
  return right && text !== undefined ? text : wanted.toString({ lineWidth: 0 });
}

/** What a document says; nothing if it is no YAML or names an anchor that it has not set. */
function contentOf(document: Document.Parsed): unknown {
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** The longest beginning of the path that holds nothing else. */
function emptiedBy(document: Document, path: Path): Path {
  const above = path.slice(0, -1);
  const parent: unknown = above.length === 0 ? undefined : document.getIn(above, true);
  return isMap(parent) && parent.items.length === 1 ? emptiedBy(document, above) : path;
}

/** The text with another value in the place of one that is there. */
function replaced(text: string, document: Document, path: Path, value: SettingValue): string | undefined {
  const node: unknown = document.getIn(path, true);
  if (!isScalar(node) || !node.range || node.range[0] === node.range[1]) return undefined;
  return text.slice(0, node.range[0]) + valueText(value) + text.slice(node.range[1]);
}

/** The text with a new line behind the last of the deepest map that is there. */
function inserted(text: string, document: Document, path: Path, value: SettingValue): string | undefined {
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const map: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (!isMap(map) || map.flow === true || map.items.length === 0) continue;
    const indent = columnOf(text, keyStart(map.items[0]!));
    if (indent === undefined) return undefined;
    const at = endOfLines(text, map, indent);
    const lines = path
      .slice(depth)
      .map((key, level) => `${' '.repeat(indent + 2 * level)}${stringify(key).trimEnd()}:`);
    const end = text.includes('\r\n') ? '\r\n' : '\n';
    const gap = at > 0 && text[at - 1] !== '\n' ? end : '';
    return `${text.slice(0, at)}${gap}${lines.join(end)} ${valueText(value)}${end}${text.slice(at)}`;
  }
  return undefined;
}

/** The text without the lines of a key and what it holds; a comment at their end goes with them. */
function removed(text: string, document: Document, path: Path): string | undefined {
  const above = path.slice(0, -1);
  const map: unknown = above.length === 0 ? document.contents : document.getIn(above, true);
  if (!isMap(map) || map.flow === true) return undefined;
  const index = map.items.findIndex((item) => isScalar(item.key) && String(item.key.value) === path.at(-1));
  const item = map.items[index];
  if (item === undefined) return undefined;
  const start = keyStart(item);
  const indent = columnOf(text, start);
  if (start === undefined || indent === undefined) return undefined;
  return text.slice(0, start - indent) + text.slice(endOfPair(text, item, indent));
}

function keyStart({ key }: Pair): number | undefined {
  return isScalar(key) ? key.range?.[0] : undefined;
}

/** How far into its line a place is, if only spaces stand before it. */
function columnOf(text: string, at: number | undefined): number | undefined {
  if (at === undefined) return undefined;
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^ *$/.test(line) ? line.length : undefined;
}

function endOfLines(text: string, map: YAMLMap, indent: number): number {
  return endOfPair(text, map.items.at(-1)!, indent);
}

/** Behind the last line of what a key holds: lines that are indented further, or the rest of its own. */
function endOfPair(text: string, pair: Pair, indent: number): number {
  let end = lineEnd(text, keyStart(pair) ?? 0);
  for (let next = lineEnd(text, end); end < text.length; next = lineEnd(text, end)) {
    const line = text.slice(end, next);
    const deeper = line.length - line.trimStart().length > indent && line.trim() !== '';
    const item = /^ *-( |\n)/.test(line) && line.length - line.trimStart().length >= indent;
    if (!deeper && !item) break;
    end = next;
  }
  return end;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

/** The value on one line. A text in a list is quoted where `,` or a bracket in it would end it. */
function valueText(value: SettingValue): string {
  const document = new Document(value, { version: '1.2', schema: 'core' });
  if (isSeq(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, blockQuote: false, flowCollectionPadding: false }).trimEnd();
}
