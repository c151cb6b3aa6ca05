import type { Dag, DagNode } from '../pipeline/definition/graph/dag.js';
import { isDue, nodeName, stateWords } from '../pipeline/definition/graph/dag-text.js';
import { groupBy } from '../base/group-by.js';
import { textWidth } from './text-width.js';

/** A node in its layer; one without a label is a place where an edge passes through. */
interface Cell {
  readonly label: string | undefined;
  readonly width: number;
  /** Of its left edge, in columns. */
  x: number;
  /** In the next layer. */
  readonly below: Cell[];
  readonly above: Cell[];
}

/** Columns between neighbours of a layer. */
const GAP = 2;
const ORDERING_PASSES = 6;
const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;
/** By the sum of the directions in which a line leaves. */
const LINES = Array.from(' │││─┘┐┤─└┌├─┴┬┼');

/** More nodes than these nobody follows from box to box. */
const MOST_DRAWN = 300;

/**
 * Boxes and lines for a terminal: every line leads down. Layers by the longest way from a source, order within a layer by
 * the means of the neighbours (Sugiyama, Tagawa and Toda, 1981). A drawing of more than `columns`, or of very many nodes, is a list instead, with what to
 * type for a picture.
 */
export function drawDag(dag: Dag, { columns = Infinity }: { columns?: number } = {}): string {
  if (dag.nodes.length === 0) return 'The pipeline has no stages.';
  if (dag.nodes.length > MOST_DRAWN) return listDag(dag, `${dag.nodes.length} boxes are too many to follow`);
  const layers = layersOf(dag);
  for (let pass = 0; pass < ORDERING_PASSES; pass += 1) orderLayers(layers, pass % 2 === 0);
  placeCells(layers);
  const drawing = new Drawing(layers);
  if (drawing.columns <= columns) return [drawing.text(), ...legend(dag)].join('\n');
  return listDag(dag, `The drawing would be ${drawing.columns} columns wide, and here are ${columns}`);
}

/** Each node with what leads to it. */
function listDag(dag: Dag, why: string): string {
  const from = new Map<string, string[]>();
  for (const edge of dag.edges) from.set(edge.to, [...(from.get(edge.to) ?? []), edge.from]);
  const lines = dag.nodes.flatMap((node) => {
    const before = from.get(node.id) ?? [];
    return [labelOf(node), ...(before.length === 0 ? [] : [`  <- ${before.join(', ')}`])];
  });
  const how = `${why}: a list instead. A picture: 'ocrpipe dag --dot | dot -Tsvg > dag.svg', or '--mermaid'; a part: 'ocrpipe dag STAGE'.`;
  return [...lines, ...legend(dag), '', how].join('\n');
}

/** Said once, where there is something to say. */
function legend(dag: Dag): string[] {
  return dag.nodes.some(isDue)
    ? ['', "! is what 'ocrpipe repro' would run or restore; 'ocrpipe why STAGE' says why."]
    : [];
}

function labelOf(node: DagNode): string {
  const words = stateWords(node);
  if (words === '') return nodeName(node);
  return isDue(node) ? `${nodeName(node)} ! ${words}` : `${nodeName(node)} (${words})`;
}

function layersOf(dag: Dag): Cell[][] {
  const depth = depths(dag);
  const layers: Cell[][] = Array.from({ length: Math.max(0, ...depth.values()) + 1 }, () => []);
  const cells = new Map<string, Cell>();
  for (const node of dag.nodes) {
    const label = labelOf(node);
    const cell: Cell = { label, width: textWidth(label) + 4, x: 0, below: [], above: [] };
    cells.set(node.id, cell);
    layers[depth.get(node.id)!]!.push(cell);
  }
  for (const { from, to } of dag.edges) {
    let above = cells.get(from)!;
    for (let level = depth.get(from)! + 1; level < depth.get(to)!; level += 1) {
      const passing: Cell = { label: undefined, width: 1, x: 0, below: [], above: [] };
      layers[level]!.push(passing);
      connect(above, passing);
      above = passing;
    }
    connect(above, cells.get(to)!);
  }
  return layers;
}

/** The longest way from a source; one that only leads to one node stands right above that. */
function depths(dag: Dag): Map<string, number> {
  const next = new Map<string, string[]>();
  for (const { from, to } of dag.edges) next.set(from, [...(next.get(from) ?? []), to]);
  const depth = new Map(dag.nodes.map((node): [string, number] => [node.id, 0]));
  for (const { id } of dag.nodes) {
    for (const to of next.get(id) ?? []) depth.set(to, Math.max(depth.get(to)!, depth.get(id)! + 1));
  }
  const hasAbove = new Set(dag.edges.map(({ to }) => to));
  for (const { id } of dag.nodes) {
    const below = (next.get(id) ?? []).map((to) => depth.get(to)!);
    if (!hasAbove.has(id) && below.length > 0) depth.set(id, Math.min(...below) - 1);
  }
  return depth;
}

function connect(above: Cell, below: Cell): void {
  above.below.push(below);
  below.above.push(above);
}

function orderLayers(layers: Cell[][], downward: boolean): void {
  const steps = downward ? layers.slice(1) : layers.slice(0, -1).reverse();
  for (const layer of steps) {
    const neighbours = (cell: Cell): readonly Cell[] => (downward ? cell.above : cell.below);
    const fixed = new Map(layers.flatMap((each) => each.map((cell, index): [Cell, number] => [cell, index])));
    const wanted = new Map(
      layer.map((cell): [Cell, number] => {
        const places = neighbours(cell).map((other) => fixed.get(other)!);
        return [cell, places.length === 0 ? fixed.get(cell)! : mean(places)];
      }),
    );
    layer.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Each as near to the middle of its neighbours as order and widths leave room: from above, from below, and from above again. */
function placeCells(layers: readonly Cell[][]): void {
  for (const layer of layers) {
    let free = 0;
    for (const cell of layer) {
      cell.x = free;
      free += cell.width + GAP;
    }
  }
  const down = layers.slice(1);
  const up = layers.slice(0, -1).reverse();
  for (const layer of down) placeLayer(layer, (cell) => cell.above);
  for (const layer of up) placeLayer(layer, (cell) => cell.below);
  for (const layer of down) placeLayer(layer, (cell) => cell.above);
  const left = Math.min(...layers.flat().map((cell) => cell.x));
  for (const cell of layers.flat()) cell.x -= left;
}

/** Neighbours that would overlap are moved together, by the mean of what they want (pool adjacent violators). */
function placeLayer(layer: readonly Cell[], neighbours: (cell: Cell) => readonly Cell[]): void {
  const pools: { cells: Cell[]; offsets: number[]; wanted: number; width: number }[] = [];
  for (const cell of layer) {
    const near = neighbours(cell);
    const wanted = near.length === 0 ? cell.x : mean(near.map(centre)) - Math.floor((cell.width - 1) / 2);
    pools.push({ cells: [cell], offsets: [0], wanted, width: cell.width });
    for (
      let last = pools.at(-1)!, before = pools.at(-2);
      before;
      last = pools.at(-1)!, before = pools.at(-2)
    ) {
      if (before.wanted + before.width + GAP <= last.wanted) break;
      const shift = before.width + GAP;
      const [a, b] = [before.cells.length, last.cells.length];
      const joined = (before.wanted * a + (last.wanted - shift) * b) / (a + b);
      pools.splice(-2, 2, {
        cells: [...before.cells, ...last.cells],
        offsets: [...before.offsets, ...last.offsets.map((offset) => offset + shift)],
        wanted: joined,
        width: shift + last.width,
      });
    }
  }
  let free = -Infinity;
  for (const { cells, offsets, wanted, width } of pools) {
    const start = Math.max(Math.round(wanted), free);
    cells.forEach((cell, index) => (cell.x = start + offsets[index]!));
    free = start + width + GAP;
  }
}

function centre(cell: Cell): number {
  return cell.x + Math.floor((cell.width - 1) / 2);
}

class Drawing {
  private readonly lines = new Map<string, number>();
  private readonly letters = new Map<string, string>();
  private height = 0;
  private width = 0;

  constructor(layers: readonly Cell[][]) {
    let y = 0;
    for (const layer of layers) {
      for (const cell of layer) this.cell(cell, y);
      y = this.edges(layer, y + 3);
    }
  }

  get columns(): number {
    return this.width;
  }

  text(): string {
    const rows = Array.from({ length: this.height }, (_, y) =>
      Array.from({ length: this.width }, (__, x) => {
        const key = `${x},${y}`;
        return this.letters.get(key) ?? LINES[this.lines.get(key) ?? 0]!;
      })
        .join('')
        .trimEnd(),
    );
    return rows.join('\n').trimEnd();
  }

  private cell(cell: Cell, y: number): void {
    if (cell.label === undefined) {
      this.vertical(cell.x, y, y + 2);
      return;
    }
    const right = cell.x + cell.width - 1;
    for (const row of [y, y + 2]) this.horizontal(cell.x, right, row);
    for (const column of [cell.x, right]) this.vertical(column, y, y + 2);
    let column = cell.x + 2;
    for (const { segment } of new Intl.Segmenter().segment(cell.label)) {
      this.letters.set(`${column},${y + 1}`, segment);
      // What stands in the second column of a wide character is that character.
      for (let more = 1; more < textWidth(segment); more += 1)
        this.letters.set(`${column + more},${y + 1}`, '');
      column += textWidth(segment);
    }
  }

  /** Draws the edges below a layer, each bent one on the row of its upper end; returns where the next layer begins. */
  private edges(layer: readonly Cell[], top: number): number {
    const rows = bendRows(layer);
    const bottom = top + Math.max(1, ...[...rows.values()].map((row) => row + 1));
    for (const cell of layer) {
      const row = top + (rows.get(cell) ?? 0);
      for (const other of cell.below) {
        this.vertical(centre(cell), top - 1, row);
        this.horizontal(Math.min(centre(cell), centre(other)), Math.max(centre(cell), centre(other)), row);
        this.vertical(centre(other), row, bottom);
      }
    }
    return bottom;
  }

  private vertical(x: number, from: number, to: number): void {
    for (let y = from; y < to; y += 1) {
      this.add(x, y, DOWN);
      this.add(x, y + 1, UP);
    }
  }

  private horizontal(from: number, to: number, y: number): void {
    for (let x = from; x < to; x += 1) {
      this.add(x, y, RIGHT);
      this.add(x + 1, y, LEFT);
    }
  }

  private add(x: number, y: number, direction: number): void {
    const key = `${x},${y}`;
    this.lines.set(key, (this.lines.get(key) ?? 0) | direction);
    this.height = Math.max(this.height, y + 1);
    this.width = Math.max(this.width, x + 1);
  }
}

/**
 * The row on which the edges of each cell bend: the first on which they touch no others. Cells that lead to the same ones share it, for
 * whoever follows the line from any of them comes to all of these. Cells whose edges lead straight down need none.
 */
function bendRows(layer: readonly Cell[]): Map<Cell, number> {
  const rows = new Map<Cell, number>();
  const taken: { from: number; to: number }[][] = [];
  for (const cells of bundles(layer)) {
    const ends = [...cells, ...cells[0]!.below].map(centre);
    const span = { from: Math.min(...ends), to: Math.max(...ends) };
    if (span.from === span.to) continue;
    let row = 0;
    while (taken[row]?.some(({ from, to }) => span.from <= to + 1 && from <= span.to + 1) === true) row += 1;
    (taken[row] ??= []).push(span);
    for (const cell of cells) rows.set(cell, row);
  }
  return rows;
}

/** The cells that lead to exactly the same ones, from left to right. */
function bundles(layer: readonly Cell[]): Cell[][] {
  const numbers = new Map<Cell, number>();
  const numberOf = (cell: Cell): number => {
    const number = numbers.get(cell) ?? numbers.size;
    numbers.set(cell, number);
    return number;
  };
  const leading = layer.filter((cell) => cell.below.length > 0);
  return [
    ...groupBy(leading, (cell) =>
      cell.below
        .map(numberOf)
        .sort((a, b) => a - b)
        .join(' '),
    ).values(),
  ];
}
