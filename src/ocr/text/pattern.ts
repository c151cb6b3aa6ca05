import { badPattern, parsePattern, type PatternNode } from './pattern-parser.js';

/** A pattern over the characters of an alphabet, as a deterministic automaton. State 0 is the start; every state can reach an end. */
export interface PatternAutomaton {
  /** For each state the characters that may follow, by their places in the alphabet, in order. */
  readonly labels: readonly (readonly number[])[];
  /** For each state, the state behind each of `labels`. */
  readonly next: readonly ReadonlyMap<number, number>[];
  /** For each state, how many characters are missing at least; 0 where a text may end. */
  readonly toEnd: readonly number[];
}

/** More would take seconds and much memory. */
const MOST_STATES = 5_000;
const MOST_PLACES = 50_000;

/** A place in a pattern: it goes on to others without a character, or by one of a set. */
interface Place {
  empty: number[];
  by: { labels: readonly number[]; to: number }[];
}

/**
 * Compiles a pattern (see `parsePattern`) for the characters of an alphabet. Throws `bad-pattern` (exit code 2), also where no text of
 * these characters matches, or where the automaton gets too large.
 */
export function compilePattern(pattern: string, alphabet: readonly string[]): PatternAutomaton {
  const builder = new PlaceBuilder(pattern, alphabet);
  const start = builder.place();
  const end = builder.add(parsePattern(pattern), start);
  const all = determinise(builder.places, { pattern, start, end });
  return onlyUseful(all, pattern);
}

/** True if a text, given as labels, matches as a whole; never one with a label outside the alphabet. */
export function matches({ next, toEnd }: PatternAutomaton, labels: Iterable<number>): boolean {
  let state: number | undefined = 0;
  for (const label of labels) {
    state = next[state]!.get(label);
    if (state === undefined) return false;
  }
  return toEnd[state] === 0;
}

/** Thompson's construction: places and ways between them. */
class PlaceBuilder {
  readonly places: Place[] = [];
  readonly #pattern: string;
  readonly #alphabet: readonly string[];
  readonly #sets = new Map<string, readonly number[]>();

  constructor(pattern: string, alphabet: readonly string[]) {
    this.#pattern = pattern;
    this.#alphabet = alphabet;
  }

  place(): number {
    if (this.places.length >= MOST_PLACES)
      throw badPattern(this.#pattern, 'it is too long with all its repetitions');
    return this.places.push({ empty: [], by: [] }) - 1;
  }

  /** Adds what `node` says behind the place `from`; gives the place behind it. */
  add(node: PatternNode, from: number): number {
    if (node.kind === 'sequence') return node.parts.reduce((place, part) => this.add(part, place), from);
    if (node.kind === 'repeat') return this.#repeat(node, from);
    const to = this.place();
    if (node.kind === 'one') this.places[from]!.by.push({ labels: this.#labelsOf(node.source), to });
    else for (const option of node.options) this.#join(this.add(option, this.#joined(from)), to);
    return to;
  }

  #repeat({ of, least, most }: Extract<PatternNode, { kind: 'repeat' }>, from: number): number {
    let place = from;
    for (let count = 0; count < least; count += 1) place = this.add(of, place);
    if (most === Infinity) {
      const loop = this.#joined(place);
      this.#join(this.add(of, loop), loop);
      return this.#joined(loop);
    }
    const end = this.place();
    for (let count = least; count < most; count += 1) {
      this.#join(place, end);
      place = this.add(of, place);
    }
    this.#join(place, end);
    return end;
  }

  #join(from: number, to: number): void {
    this.places[from]!.empty.push(to);
  }

  /** A new place that `from` leads to. */
  #joined(from: number): number {
    const to = this.place();
    this.#join(from, to);
    return to;
  }

  #labelsOf(source: string): readonly number[] {
    const known = this.#sets.get(source);
    if (known !== undefined) return known;
    const expression = new RegExp(`^(?:${source})$`, 'u');
    const labels = this.#alphabet.flatMap((character, label) => (expression.test(character) ? [label] : []));
    this.#sets.set(source, labels);
    return labels;
  }
}

interface State {
  next: Map<number, number>;
  ends: boolean;
}

/** The subset construction (Rabin and Scott 1959). */
function determinise(
  places: readonly Place[],
  { pattern, start, end }: { pattern: string; start: number; end: number },
): State[] {
  const numbers = new Map<string, number>();
  const subsets: number[][] = [];
  const states: State[] = [];
  const stateOf = (members: Set<number>): number => {
    const closed = closure(places, members);
    const key = closed.join(' ');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (states.length >= MOST_STATES) throw badPattern(pattern, 'it has too many ways to be matched');
    numbers.set(key, states.length);
    subsets.push(closed);
    return states.push({ next: new Map(), ends: closed.includes(end) }) - 1;
  };
  stateOf(new Set([start]));
  for (let state = 0; state < states.length; state += 1) {
    for (const [label, targets] of targetsOf(places, subsets[state]!)) {
      states[state]!.next.set(label, stateOf(targets));
    }
  }
  return states;
}

/** All places that are reached without a character, in order. */
function closure(places: readonly Place[], members: Set<number>): number[] {
  // A set that grows while it is walked shows its new members, too.
  for (const member of members) for (const next of places[member]!.empty) members.add(next);
  return [...members].sort((a, b) => a - b);
}

function targetsOf(places: readonly Place[], subset: readonly number[]): Map<number, Set<number>> {
  const targets = new Map<number, Set<number>>();
  for (const { labels, to } of subset.flatMap((place) => places[place]!.by)) {
    for (const label of labels) {
      const known = targets.get(label);
      if (known) known.add(to);
      else targets.set(label, new Set([to]));
    }
  }
  return targets;
}

/** Without the states from which no end is reached. */
function onlyUseful(states: readonly State[], pattern: string): PatternAutomaton {
  const toEnd = distancesToEnd(states);
  if (toEnd[0] === Infinity) {
    throw badPattern(pattern, 'no text of the characters that the model knows matches it');
  }
  const next = states.map(
    (state) => new Map([...state.next].filter(([, to]) => toEnd[to] !== Infinity).sort(([a], [b]) => a - b)),
  );
  return { next, labels: next.map((ways) => [...ways.keys()]), toEnd };
}

function distancesToEnd(states: readonly State[]): number[] {
  const before = states.map((): number[] => []);
  states.forEach(({ next }, state) => {
    for (const to of new Set(next.values())) before[to]!.push(state);
  });
  const distances = states.map(({ ends }) => (ends ? 0 : Infinity));
  const queue = states.flatMap(({ ends }, state) => (ends ? [state] : []));
  // An array that grows while it is walked shows its new members, too.
  for (const state of queue) {
    for (const earlier of before[state]!) {
      if (distances[earlier] !== Infinity) continue;
      distances[earlier] = distances[state]! + 1;
      queue.push(earlier);
    }
  }
  return distances;
}
