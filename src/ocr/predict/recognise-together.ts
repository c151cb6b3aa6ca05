import { setImmediate } from 'node:timers/promises';
import { lnTextProbability } from '../nn/ctc-text-probability.js';
import { alignLabels } from '../nn/ctc-align.js';
import { lineScores, type LineScores } from '../nn/line-scores.js';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import type { Pixels } from '../images/load.js';
import type { Committee, Member } from '../models/committee.js';
import { batchArray, toImageBatch, withBatchSize } from '../models/image-batch.js';
import { inputExtent } from '../models/model-config.js';
import { viewsOf } from '../models/decoder.js';
import type { Alphabet } from '../text/alphabet.js';
import { consensus } from '../text/consensus.js';
import type { ReadCharacter, Reading } from './recognise.js';

/** One image, at each of the sizes that a committee wants. */
export type SizedImage = readonly Pixels[];

/** What a member makes of one image. */
interface Opinion {
  /** As `coded`. */
  text: string;
  /** With two classes more, the last: any character that it does not know, and another such. */
  line: LineScores;
  member: Member;
  /** Its class of each label of the committee's alphabet, -1 of those that it does not know. */
  classOf: readonly number[];
  /** How much of the image's width one frame covers. */
  frameShare: number;
}

/** ln p of a text that the frames of a member are too few for: so little that the others decide, and a number to calculate with. */
const CANNOT_BE = -1e4;

/**
 * Reads images with all members of a committee. What is read in an image is the text that all of them together find most probable: each gives a text the probability of all paths
 * through its frames that read so, and what its pattern and language model say of it; the logarithms are averaged, so that a member that
 * excludes a text counts more than one that would take either (a product of experts, Hinton 2002). Looked for among the members' own readings and
 * what can be put together of them. A character that a member does not know may be anything to it. Throws `out-of-memory` (exit code 2).
 */
export async function recogniseTogether(
  { members, alphabet }: Committee,
  images: readonly SizedImage[],
  signal?: AbortSignal,
): Promise<Reading[]> {
  if (images.length === 0) return [];
  const opinions: Opinion[][] = [];
  for (const member of members) {
    const own = images.map((image) => image[member.size]!);
    opinions.push(await opinionsOf(member, own, alphabet));
  }
  const readings: Reading[] = [];
  for (const index of images.keys()) {
    // Long lines of poor models take a while: others, such as Ctrl-C, have their turn between two.
    await setImmediate();
    signal?.throwIfAborted();
    readings.push(
      agreed(
        opinions.map((ofMember) => ofMember[index]!),
        alphabet,
      ),
    );
  }
  return readings;
}

async function opinionsOf(member: Member, images: readonly Pixels[], all: Alphabet): Promise<Opinion[]> {
  const { network, config, alphabet, decoder, guide } = member;
  const array = batchArray(images, config);
  const batch = toImageBatch(array);
  try {
    const scores = await network.score(batch, viewsOf(decoder));
    const readings = network.decode(scores, decoder, guide);
    const [count, time, classes] = scores.shape;
    const labelOf = new Map(all.characters.map((character, label) => [character, label]));
    const classOf = all.characters.map((character) => alphabet.encode(character)?.[0] ?? -1);
    const outputs = { logits: scores.values, batch: count, time, classes, logitLengths: scores.steps };
    return readings.map(({ labels }, index) => {
      const { steps, filledPx } = inputExtent(config, images[index]!.widthPx);
      const line = withAnyCharacter(lineScores(outputs, index));
      return {
        text: coded(labels.map((label) => labelOf.get(alphabet.characters[label]!)!)),
        line,
        member,
        classOf,
        frameShare: filledPx / steps / images[index]!.widthPx,
      };
    });
  } catch (error) {
    throw withBatchSize(error, array);
  } finally {
    batch.images.dispose();
  }
}

/** Two classes more, the last: in each frame both as probable as the most probable character. */
function withAnyCharacter({ lnProbabilities, time, classes, blank }: LineScores): LineScores {
  const wider = new Float64Array(time * (classes + 2));
  for (let frame = 0; frame < time; frame += 1) {
    const row = lnProbabilities.subarray(frame * classes, (frame + 1) * classes);
    const most = row.reduce((max, value, at) => (at === blank ? max : Math.max(max, value)), -Infinity);
    wider.set(row, frame * (classes + 2));
    wider.fill(most, frame * (classes + 2) + classes, (frame + 1) * (classes + 2));
  }
  return { lnProbabilities: wider, time, classes: classes + 2, blank };
}

function agreed(opinions: readonly Opinion[], alphabet: Alphabet): Reading {
  const score = (candidate: string): number =>
    mean(opinions.map((opinion) => lnScore(opinion, labelsIn(candidate))));
  const text = consensus(
    opinions.map((opinion) => opinion.text),
    score,
  );
  // The members' patterns leave no text that one of them reads.
  if (score(text) === -Infinity) return { text: '', confidence: 0, characters: [] };
  const labels = labelsIn(text);
  const lnPerFrame = opinions.map(
    (opinion) => lnProbability(opinion, labels) / Math.max(1, opinion.line.time),
  );
  const characters = placed(labels, opinions, alphabet);
  return { text: alphabet.decode(labels), confidence: Math.exp(mean(lnPerFrame)), characters };
}

/** Where the private characters of Unicode begin: none of them composes with another, as letters and marks do. */
const PRIVATE = 0xf0000;

/** A text as labels of the committee's alphabet, one private character each. */
function coded(labels: readonly number[]): string {
  return labels.map((label) => String.fromCodePoint(PRIVATE + label)).join('');
}

function labelsIn(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)! - PRIVATE);
}

/** What a member thinks of a text. */
function lnScore(opinion: Opinion, labels: readonly number[]): number {
  const { textGuide } = opinion.member;
  const ln = lnProbability(opinion, labels);
  return textGuide === undefined ? ln : ln + guideScore(textGuide, labels);
}

function lnProbability(opinion: Opinion, labels: readonly number[]): number {
  return Math.max(CANNOT_BE, lnTextProbability(opinion.line, classesFor(opinion, labels)));
}

/** The classes of a text in a member's widened frames: neighbours that it does not know have one class only if they are the same, which asks for a blank between them. */
function classesFor({ classOf, line }: Opinion, labels: readonly number[]): number[] {
  const any = line.classes - 2;
  let other = 0;
  return labels.map((label, at) => {
    if (classOf[label] !== -1) return classOf[label]!;
    if (at > 0 && labels[at - 1] !== label) other = 1 - other;
    return any + other;
  });
}

function guideScore(guide: PrefixGuide, labels: readonly number[]): number {
  let { start: state } = guide;
  let score = 0;
  for (const label of labels) {
    const allowed = guide.labelsAfter(state);
    if (allowed !== undefined && !allowed.includes(label)) return -Infinity;
    score += guide.score(state, label);
    state = guide.after(state, label);
  }
  return score + guide.endScore(state);
}

/** Each character as probable as the members find it on average, and where the first one sees it. */
function placed(
  labels: readonly number[],
  opinions: readonly Opinion[],
  alphabet: Alphabet,
): ReadCharacter[] {
  const alignments = opinions.flatMap((opinion) => {
    const classes = classesFor(opinion, labels);
    return lnTextProbability(opinion.line, classes) === -Infinity
      ? []
      : [{ ...alignLabels(opinion.line, classes), frameShare: opinion.frameShare }];
  });
  return labels.map((label, index) => {
    const sum = alignments.reduce((total, { confidences }) => total + confidences[index]!, 0);
    const [first] = alignments;
    const at = first && Math.min(1, (first.frames[index]! + 0.5) * first.frameShare);
    const text = alphabet.characters[label]!;
    return { text, confidence: sum / opinions.length, ...(at === undefined ? {} : { at }) };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
