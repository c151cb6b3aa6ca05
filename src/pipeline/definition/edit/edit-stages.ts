import { isDeepStrictEqual } from 'node:util';
import {
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  Pair,
  parseDocument,
  type Document,
  type YAMLMap,
} from 'yaml';
import { userError } from '../../../base/errors.js';
import type { JsonValue } from '../../../base/canonical-json.js';
import { flowText, stageLines, stageName } from './stage-text.js';

/** Stages as they are written: what stands under `stages`. */
type Written = { readonly [key: string]: JsonValue };

const OPTIONS = { version: '1.2', schema: 'core', keepSourceTokens: true } as const;

/** True if a pipeline file has a stage of this name, as it is written. */
export function hasStage(text: string, name: string): boolean {
  return parse(text).hasIn(['stages', name]);
}

/**
 * The text with one key of a stage set, or taken away (`undefined`). All the rest stays byte for byte. Throws `cannot-edit` (exit code 2)
 * where that cannot be: in a stage that is an alias of another one.
 */
export function withStageKey(
  text: string,
  { stage, key, value }: { stage: string; key: string; value: JsonValue | undefined },
): string {
  const document = parse(text);
  // Of `foreach`, what is repeated stands below `do`.
  const written: unknown = document.getIn(['stages', stage], true);
  const repeated = isMap(written) && written.has('foreach');
  const map: unknown = repeated ? written.get('do', true) : written;
  const wanted = stagesWith(document, (stages) => {
    const old = stages[stage] as Readonly<Record<string, unknown>>;
    return {
      ...stages,
      [stage]: repeated ? { ...old, do: withKey(old['do'], key, value) } : withKey(old, key, value),
    };
  });
  const edited = (): string | undefined => {
    if (!isMap(map)) return undefined;
    const pair = pairOf(map, key);
    if (value === undefined) return pair ? withoutPair(text, map, pair) : text;
    const node = pair?.value;
    if (pair === undefined) return withPair(text, map, `${key}: ${flowText(value)}`);
    const range = isScalar(node) ? node.range : undefined;
    return range ? text.slice(0, range[0]) + flowText(value) + text.slice(range[1]) : undefined;
  };
  return checked(edited(), wanted, { stage, what: `${key}: ${value === undefined ? '' : flowText(value)}` });
}

function withKey(map: unknown, key: string, value: JsonValue | undefined): Record<string, unknown> {
  const rest = Object.entries(map as Readonly<Record<string, unknown>>).filter(([name]) => name !== key);
  return { ...Object.fromEntries(rest), ...(value !== undefined && { [key]: value }) };
}

/** The text with a stage added behind the last one, or in the place of the one of that name. */
export function withStage(text: string, name: string, stage: Written): string {
  const document = parse(text);
  const wanted = stagesWith(document, (stages) => ({ ...stages, [name]: stage }));
  const edited = withStageText(text, document, { name, stage });
  return checked(edited, wanted, { stage: name, what: stageLines(name, stage, 0).join('\n') });
}

/** The text without a stage. A comment right above it goes with it. */
export function withoutStage(text: string, name: string): string {
  const document = parse(text);
  const wanted = stagesWith(document, ({ [name]: _removed, ...rest }) => rest);
  const map: unknown = document.get('stages', true);
  const pair = isMap(map) ? pairOf(map, name) : undefined;
  const edited = isMap(map) && pair ? withoutPair(text, map, pair, { commentAbove: true }) : undefined;
  const left = edited !== undefined && isMap(map) && map.items.length === 1 ? emptied(edited) : edited;
  return checked(left, wanted, { stage: name, what: 'nothing in its place' });
}

/** Where the last stage went, the key has a map without any. */
function emptied(text: string): string {
  const { contents } = parse(text);
  const pair = isMap(contents) ? pairOf(contents, 'stages') : undefined;
  const key = keyRange(pair);
  if (pair === undefined || key === undefined || isMap(pair.value)) return text;
  const colon = text.indexOf(':', key[1]);
  return `${text.slice(0, colon + 1)} {}${text.slice(colon + 1)}`;
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, OPTIONS);
}

/** The edit, if it says what is wanted. */
function checked(
  edited: string | undefined,
  wanted: unknown,
  { stage, what }: { stage: string; what: string },
): string {
  const says = edited === undefined ? undefined : parse(edited);
  const right = says?.errors.length === 0 && isDeepStrictEqual(valueOf(says), wanted);
  if (right && edited !== undefined) return edited;
  throw userError('cannot-edit', `the stage '${stage}' is written in a way that is edited only by hand`, {
    hint: `Write: ${what}`,
  });
}

/** What a file says. A map without stages may be written as nothing at all. */
function valueOf(document: Document): { stages: Record<string, unknown> } | undefined {
  try {
    const value = document.toJS() as { stages?: Record<string, unknown> | null } | null;
    return { ...value, stages: value?.stages ?? {} };
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** What a file says with other stages. */
function stagesWith(
  document: Document,
  change: (stages: Readonly<Record<string, unknown>>) => Record<string, unknown>,
): unknown {
  const value = valueOf(document);
  return value && { ...value, stages: change(value.stages) };
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
}

function withStageText(
  text: string,
  document: Document.Parsed,
  { name, stage }: { name: string; stage: Written },
): string | undefined {
  const { contents } = document;
  const whole = ['stages:', ...stageLines(name, stage, 2)];
  const isEmpty = contents === null || (isMap(contents) && contents.items.length === 0);
  if (isEmpty) return `${atLineStart(text)}${whole.join('\n')}\n`;
  if (!isMap(contents)) return undefined;
  const pair = pairOf(contents, 'stages');
  if (pair === undefined)
    return contents.flow === true ? undefined : withPair(text, contents, whole.join('\n'));
  if (isMap(pair.value)) return withStageIn(text, { contents, pair, stages: pair.value }, { name, stage });
  // `stages:` with nothing below it.
  const range = keyRange(pair);
  if (range === undefined || !(pair.value === null || isNothing(pair.value))) return undefined;
  return insertLines(text, lineEnd(text, range[1]), stageLines(name, stage, 2));
}

/** The map of the stages, the key that holds it, and the map that this is in. */
interface Stages {
  contents: YAMLMap;
  pair: Pair;
  stages: YAMLMap;
}

function withStageIn(
  text: string,
  { contents, pair, stages }: Stages,
  { name, stage }: { name: string; stage: Written },
): string | undefined {
  const old = pairOf(stages, name);
  if (stages.flow === true) {
    const lines = stageLines(name, stage, 2);
    if (stages.items.length === 0) return replacedEmpty(text, contents, { pair, stages, lines });
    const entry = `${stageName(name)}: ${flowText(stage)}`;
    return old ? replacedPair(text, old, entry) : withPair(text, stages, entry);
  }
  const indent = columnOf(text, keyRange(stages.items[0])?.[0]);
  if (indent === undefined) return undefined;
  const lines = stageLines(name, stage, indent);
  if (!old) return insertLines(text, endOfPair(text, stages.items.at(-1)!, indent), lines);
  const start = (keyRange(old)?.[0] ?? 0) - indent;
  return insertLines(text.slice(0, start) + text.slice(endOfPair(text, old, indent)), start, lines);
}

function isNothing(node: unknown): boolean {
  return isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1];
}

/** `stages: {}` becomes a block. */
function replacedEmpty(
  text: string,
  contents: YAMLMap,
  { pair, stages, lines }: { pair: Pair; stages: YAMLMap; lines: readonly string[] },
): string | undefined {
  const [key, value] = [keyRange(pair), stages.range];
  if (contents.flow === true || !key || !value) return undefined;
  const colon = text.indexOf(':', key[1]);
  const rest = text.slice(value[1]);
  return `${text.slice(0, colon + 1)}\n${lines.join('\n')}${rest.startsWith('\n') ? '' : '\n'}${rest}`;
}

function replacedPair(text: string, pair: Pair, entry: string): string | undefined {
  const start = keyRange(pair)?.[0];
  const end = valueEnd(pair);
  return start === undefined || end === undefined
    ? undefined
    : text.slice(0, start) + entry + text.slice(end);
}

/** The text with an entry behind the last one of a map. */
function withPair(text: string, map: YAMLMap, entry: string): string | undefined {
  const last = map.items.at(-1);
  if (map.flow === true) {
    const end = last && valueEnd(last);
    if (end !== undefined) return `${text.slice(0, end)}, ${entry}${text.slice(end)}`;
    const start = map.range?.[0];
    return start === undefined ? undefined : `${text.slice(0, start + 1)}${entry}${text.slice(start + 1)}`;
  }
  const indent = last && columnOf(text, keyRange(map.items[0])?.[0]);
  if (last === undefined || indent === undefined) return undefined;
  const lines = entry.split('\n').map((line) => ' '.repeat(indent) + line);
  return insertLines(text, endOfPair(text, last, indent), lines);
}

function withoutPair(
  text: string,
  map: YAMLMap,
  pair: Pair,
  { commentAbove = false }: { commentAbove?: boolean } = {},
): string | undefined {
  const start = keyRange(pair)?.[0];
  if (start === undefined) return undefined;
  if (map.flow === true) return withoutFlowPair(text, map, pair);
  const indent = columnOf(text, start);
  if (indent === undefined) return undefined;
  const from = commentAbove ? startOfComment(text, start - indent, indent) : start - indent;
  const rest = text.slice(endOfPair(text, pair, indent));
  return text.slice(0, from) + (from === 0 ? rest.replace(/^(?:[ \t]*\r?\n)+/, '') : rest);
}

/** With the comma behind it, or before it where it is the last one. */
function withoutFlowPair(text: string, map: YAMLMap, pair: Pair): string | undefined {
  const [start, end] = [keyRange(pair)?.[0], valueEnd(pair)];
  if (start === undefined || end === undefined) return undefined;
  const index = map.items.indexOf(pair);
  const next = keyRange(map.items[index + 1])?.[0];
  if (next !== undefined) return text.slice(0, start) + text.slice(next);
  const before = index === 0 ? undefined : valueEnd(map.items[index - 1]!);
  return text.slice(0, before ?? start) + text.slice(end);
}

type Range = readonly [number, number];

function keyRange(pair: Pair | undefined): Range | undefined {
  const key = pair?.key;
  return isScalar(key) && key.range ? [key.range[0], key.range[1]] : undefined;
}

/** Where the value of a pair in a flow map ends, or its key where it has none. */
function valueEnd(pair: Pair): number | undefined {
  const value = pair.value as { range?: readonly number[] | null } | null;
  return value?.range?.[1] ?? keyRange(pair)?.[1];
}

function atLineStart(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Lines put in at the start of one, with the line ends that the text has. */
function insertLines(text: string, at: number, lines: readonly string[]): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = at > 0 && text[at - 1] !== '\n' ? end : '';
  return `${text.slice(0, at)}${gap}${lines.join(end)}${end}${text.slice(at)}`;
}

/** How far into its line a place is, if only spaces stand before it. */
function columnOf(text: string, at: number | undefined): number | undefined {
  if (at === undefined) return undefined;
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^ *$/.test(line) ? line.length : undefined;
}

/** Behind the last line of what a key holds: blank lines and comments behind it belong to what comes next. */
function endOfPair(text: string, pair: Pair, indent: number): number {
  const inside = text.slice(0, lastEnd(pair)).trimEnd().length;
  return withOwnComments(text, lineEnd(text, inside), indent);
}

/** Where the last thing ends that a pair holds: a block itself may reach over comments behind it. */
function lastEnd(pair: Pair): number {
  const { value } = pair;
  const last = isCollection(value) && value.flow !== true ? value.items.at(-1) : undefined;
  if (isPair(last)) return lastEnd(last);
  if (isNode(last) && isCollection(last) && last.flow !== true) return lastEnd(new Pair(pair.key, last));
  if (isNode(last) && last.range) return last.range[1];
  return Math.max(keyRange(pair)?.[1] ?? 0, isNode(value) ? (value.range?.[1] ?? 0) : 0);
}

/** Comments that are indented as what the key holds are its own. */
function withOwnComments(text: string, from: number, indent: number): number {
  let end = from;
  for (let at = from; at < text.length; at = lineEnd(text, at)) {
    const line = text.slice(at, lineEnd(text, at));
    const column = line.length - line.trimStart().length;
    if (line.trim() === '') continue;
    if (!line.trimStart().startsWith('#') || column <= indent) break;
    end = lineEnd(text, at);
  }
  return end;
}

/** The start of the comment that stands right above a line, as far in. */
function startOfComment(text: string, lineStart: number, indent: number): number {
  let start = lineStart;
  for (;;) {
    const before = text.lastIndexOf('\n', start - 2) + 1;
    const line = text.slice(before, start);
    if (start === 0 || !new RegExp(`^ {${indent}}#`).test(line)) return start;
    start = before;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}
