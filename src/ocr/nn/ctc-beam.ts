import { alignLabels } from './ctc-align.js';
import type { CtcOutputs, CtcReading } from './ctc-decode.js';
import { lineScores, type LineScores } from './line-scores.js';
import type { PrefixGuide } from './prefix-guide.js';

export interface BeamOptions {
  /** Texts that are followed at once. */
  beam: number;
  guide?: PrefixGuide | undefined;
  /** Classes less probable than this in a frame begin no new text there, unless the guide names them; 0.0001 unless given. */
  leastProbability?: number | undefined;
}

const LEAST_PROBABILITY = 1e-4;
/** Where no text of the beam may end, it is made wider by this factor, so many times. */
const WIDER = 8;
const WIDENINGS = 2;

/** A text that the frames so far may mean, at the end of the one that is a label shorter. */
interface Prefix {
  parent: Prefix | undefined;
  /** The last label; -1 of the empty text. */
  label: number;
  children: Map<number, Prefix>;
  state: number;
  guideScore: number;
  /** ln-probabilities of all paths that read so, ending in blank and in the label. */
  blank: number;
  last: number;
  /** The same one frame further, while that is computed. */
  nextBlank: number;
  nextLast: number;
}

/**
 * Prefix beam search (Graves et al. 2006, section 3.2; Hannun et al. 2014): the most probable texts, each with all the paths that read as it,
 * together with what the guide says of it. With a beam wide enough it is exact. Readings come in the order of the batch; where no text
 * that the guide allows fits into the frames, one is empty and its `logProbability` is -Infinity.
 */
export function ctcBeamDecode(outputs: CtcOutputs, options: BeamOptions): CtcReading[] {
  return Array.from({ length: outputs.batch }, (_, item) => {
    const line = lineScores(outputs, item);
    let found: Prefix | undefined;
    for (
      let widening = 0, { beam } = options;
      widening <= WIDENINGS && !found;
      widening += 1, beam *= WIDER
    ) {
      found = searchBeam(line, { ...options, beam });
    }
    if (found === undefined) return { labels: [], confidences: [], frames: [], logProbability: -Infinity };
    const labels = labelsOf(found);
    return { labels, ...alignLabels(line, labels), logProbability: lnSum(found.blank, found.last) };
  });
}

/** The best text that may end, with its `blank` and `last`. */
function searchBeam(line: LineScores, { beam, guide, leastProbability }: BeamOptions): Prefix | undefined {
  const least = Math.log(leastProbability ?? LEAST_PROBABILITY);
  let kept = [newPrefix(undefined, -1, { state: guide?.start ?? 0, guideScore: 0 })];
  kept[0]!.blank = 0;
  for (let frame = 0; frame < line.time; frame += 1) {
    const touched = new Set<Prefix>(kept);
    const probable = probableClasses(line, frame, least);
    for (const prefix of kept) extend(prefix, { line, frame, probable, guide, touched });
    kept = bestOf([...touched], { beam, guide, framesLeft: line.time - 1 - frame });
  }
  let best: Prefix | undefined;
  let bestScore = -Infinity;
  for (const prefix of kept) {
    const score = lnSum(prefix.blank, prefix.last) + prefix.guideScore + (guide?.endScore(prefix.state) ?? 0);
    if (score <= bestScore) continue;
    best = prefix;
    bestScore = score;
  }
  return best;
}

function newPrefix(
  parent: Prefix | undefined,
  label: number,
  judged: Pick<Prefix, 'state' | 'guideScore'>,
): Prefix {
  const nothing = { blank: -Infinity, last: -Infinity, nextBlank: -Infinity, nextLast: -Infinity };
  return { parent, label, children: new Map(), ...judged, ...nothing };
}

function probableClasses(
  { lnProbabilities, classes, blank }: LineScores,
  frame: number,
  least: number,
): number[] {
  const found: number[] = [];
  for (let c = 0; c < classes; c += 1) {
    if (c !== blank && lnProbabilities[frame * classes + c]! >= least) found.push(c);
  }
  return found;
}

interface Extension {
  line: LineScores;
  frame: number;
  /** The labels that may follow where the guide names none. */
  probable: readonly number[];
  guide: PrefixGuide | undefined;
  touched: Set<Prefix>;
}

/** Gives what a text has to itself and its followers one frame further. */
function extend(prefix: Prefix, { line, frame, probable, guide, touched }: Extension): void {
  const row = frame * line.classes;
  const { blank, last, label } = prefix;
  const whole = lnSum(blank, last);
  prefix.nextBlank = lnSum(prefix.nextBlank, whole + line.lnProbabilities[row + line.blank]!);
  if (label !== -1) prefix.nextLast = lnSum(prefix.nextLast, last + line.lnProbabilities[row + label]!);
  for (const next of guide?.labelsAfter(prefix.state) ?? probable) {
    // The same label again is a new one only behind a blank.
    const before = next === label ? blank : whole;
    if (before === -Infinity) continue;
    const child = childOf(prefix, next, guide);
    child.nextLast = lnSum(child.nextLast, before + line.lnProbabilities[row + next]!);
    touched.add(child);
  }
}

function childOf(prefix: Prefix, label: number, guide: PrefixGuide | undefined): Prefix {
  const known = prefix.children.get(label);
  if (known) return known;
  const { state, guideScore } = prefix;
  const judged = guide
    ? { state: guide.after(state, label), guideScore: guideScore + guide.score(state, label) }
    : { state, guideScore };
  const child = newPrefix(prefix, label, judged);
  prefix.children.set(label, child);
  return child;
}

/** The most probable texts that may still end in time go on; the others are forgotten. */
function bestOf(
  touched: Prefix[],
  { beam, guide, framesLeft }: { beam: number; guide: PrefixGuide | undefined; framesLeft: number },
): Prefix[] {
  const scored = touched.map((prefix) => {
    prefix.blank = prefix.nextBlank;
    prefix.last = prefix.nextLast;
    prefix.nextBlank = -Infinity;
    prefix.nextLast = -Infinity;
    return { prefix, score: lnSum(prefix.blank, prefix.last) + prefix.guideScore };
  });
  const mayEnd = ({ prefix: { state } }: { prefix: Prefix }): boolean =>
    guide === undefined || guide.labelsToEnd(state) <= framesLeft;
  const order = scored.filter(mayEnd).sort((a, b) => b.score - a.score);
  const kept = new Set(order.slice(0, beam).map(({ prefix }) => prefix));
  for (const prefix of touched) if (!kept.has(prefix)) forget(prefix);
  return [...kept];
}

/** A text that comes up again begins with what reaches it then. */
function forget(prefix: Prefix): void {
  prefix.blank = -Infinity;
  prefix.last = -Infinity;
  if (prefix.children.size === 0) prefix.parent?.children.delete(prefix.label);
}

function labelsOf(prefix: Prefix): number[] {
  const labels: number[] = [];
  for (let at: Prefix | undefined = prefix; at && at.label !== -1; at = at.parent) labels.push(at.label);
  return labels.reverse();
}

/** ln(e^a + e^b). */
function lnSum(a: number, b: number): number {
  const most = Math.max(a, b);
  if (most === -Infinity) return -Infinity;
  return most + Math.log1p(Math.exp(Math.min(a, b) - most));
}
