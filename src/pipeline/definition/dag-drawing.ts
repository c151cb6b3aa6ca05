import type { Dag } from './dag.js';

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

/**
 * Boxes and lines for a terminal: every arrow leads down. Layers by the longest way from a source, order within a layer by
 * the means of the neighbours (Sugiyama, Tagawa and Toda, 1981).
 */
export function drawDag(dag: Dag): string {
  const layers = layersOf(dag);
  for (let pass = 0; pass < ORDERING_PASSES; pass += 1) orderLayers(layers, pass % 2 === 0);
  placeCells(layers);
  return new Drawing(layers).text();
}

function layersOf(dag: Dag): Cell[][] {
  const depth = new Map(dag.nodes.map((node): [string, number] => [node.id, 0]));
  for (const { id } of dag.nodes) {
    for (const edge of dag.edges) {
      if (edge.from === id) depth.set(edge.to, Math.max(depth.get(edge.to)!, depth.get(id)! + 1));
    }
  }
  const layers: Cell[][] = Array.from({ length: Math.max(0, ...depth.values()) + 1 }, () => []);
  const cells = new Map<string, Cell>();
  for (const { id } of dag.nodes) {
    const cell: Cell = { label: id, width: id.length + 4, x: 0, below: [], above: [] };
    cells.set(id, cell);
    layers[depth.get(id)!]!.push(cell);
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

/** Each under the middle of what is above it, as far as its neighbours leave room. */
function placeCells(layers: readonly Cell[][]): void {
  for (const layer of layers) {
    let free = -Infinity;
    let packed = 0;
    for (const cell of layer) {
      const wanted =
        cell.above.length === 0 ? packed : Math.round(mean(cell.above.map(centre)) - (cell.width - 1) / 2);
      cell.x = Math.max(free, wanted);
      free = cell.x + cell.width + GAP;
      packed = free;
    }
  }
  const left = Math.min(...layers.flat().map((cell) => cell.x));
  for (const cell of layers.flat()) cell.x -= left;
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
    Array.from(cell.label).forEach((letter, index) =>
      this.letters.set(`${cell.x + 2 + index},${y + 1}`, letter),
    );
  }

  /** Draws the edges below a layer, each bent one on the row of its upper end; returns where the next layer begins. */
  private edges(layer: readonly Cell[], top: number): number {
    const bent = layer.filter((cell) => cell.below.some((other) => centre(other) !== centre(cell)));
    const bottom = top + Math.max(1, bent.length);
    for (const cell of layer) {
      const row = top + Math.max(0, bent.indexOf(cell));
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
