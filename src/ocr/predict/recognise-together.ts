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
import { characters } from '../text/code-points.js';
import { consensus } from '../text/consensus.js';
import type { ReadCharacter, Reading } from './recognise.js';

/** One image, at each of the sizes that a committee wants. */
export type SizedImage = readonly Pixels[];

/** What a member makes of one image. */
interface Opinion {
  text: string;
  /** With a class more, the last: any character that it does not know. */
  line: LineScores;
  member: Member;
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
): Promise<Reading[]> {
  if (images.length === 0) return [];
  const opinions: Opinion[][] = [];
  for (const member of members)
    opinions.push(
      await opinionsOf(
        member,
        images.map((image) => image[member.size]!),
      ),
    );
  return images.map((_, index) =>
    agreed(
      opinions.map((ofMember) => ofMember[index]!),
      alphabet,
    ),
  );
}

async function opinionsOf(member: Member, images: readonly Pixels[]): Promise<Opinion[]> {
  const { network, config, alphabet, decoder, guide } = member;
  const array = batchArray(images, config);
  const batch = toImageBatch(array);
  try {
    const scores = await network.score(batch, viewsOf(decoder));
    const readings = network.decode(scores, decoder, guide);
    const [count, time, classes] = scores.shape;
    const outputs = { logits: scores.values, batch: count, time, classes, logitLengths: scores.steps };
    return readings.map(({ labels }, index) => {
      const { steps, filledPx } = inputExtent(config, images[index]!.widthPx);
      const line = withAnyCharacter(lineScores(outputs, index));
      return {
        text: alphabet.decode(labels),
        line,
        member,
        frameShare: filledPx / steps / images[index]!.widthPx,
      };
    });
  } catch (error) {
    throw withBatchSize(error, array);
  } finally {
    batch.images.dispose();
  }
}

/** One class more, the last: in each frame as probable as the most probable character. */
function withAnyCharacter({ lnProbabilities, time, classes, blank }: LineScores): LineScores {
  const wider = new Float64Array(time * (classes + 1));
  for (let frame = 0; frame < time; frame += 1) {
    const row = lnProbabilities.subarray(frame * classes, (frame + 1) * classes);
    wider.set(row, frame * (classes + 1));
    wider[frame * (classes + 1) + classes] = row.reduce(
      (most, value, at) => (at === blank ? most : Math.max(most, value)),
      -Infinity,
    );
  }
  return { lnProbabilities: wider, time, classes: classes + 1, blank };
}

function agreed(opinions: readonly Opinion[], alphabet: Alphabet): Reading {
  const text = consensus(
    opinions.map((opinion) => opinion.text),
    (candidate) => mean(opinions.map((opinion) => lnScore(opinion, candidate, alphabet))),
  );
  const lnPerFrame = opinions.map((opinion) => lnProbability(opinion, text) / Math.max(1, opinion.line.time));
  return { text, confidence: Math.exp(mean(lnPerFrame)), characters: placed(text, opinions) };
}

/** What a member thinks of a text. */
function lnScore(opinion: Opinion, text: string, alphabet: Alphabet): number {
  const { textGuide } = opinion.member;
  const ln = lnProbability(opinion, text);
  return textGuide === undefined ? ln : ln + guideScore(textGuide, alphabet.encode(text)!);
}

function lnProbability({ line, member }: Opinion, text: string): number {
  return Math.max(CANNOT_BE, lnTextProbability(line, labelsFor(member, text)));
}

/** The classes of a text in a member's widened frames. */
function labelsFor({ alphabet }: Member, text: string): number[] {
  return characters(text).map((character) => alphabet.encode(character)?.[0] ?? alphabet.size + 1);
}

function guideScore(guide: PrefixGuide, labels: Int32Array): number {
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
function placed(text: string, opinions: readonly Opinion[]): ReadCharacter[] {
  const alignments = opinions.flatMap(({ line, member, frameShare }) => {
    const labels = labelsFor(member, text);
    return lnTextProbability(line, labels) === -Infinity
      ? []
      : [{ ...alignLabels(line, labels), frameShare }];
  });
  return characters(text).map((character, index) => {
    const sum = alignments.reduce((total, { confidences }) => total + confidences[index]!, 0);
    const [first] = alignments;
    const at = first && Math.min(1, (first.frames[index]! + 0.5) * first.frameShare);
    return { text: character, confidence: sum / opinions.length, ...(at === undefined ? {} : { at }) };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
