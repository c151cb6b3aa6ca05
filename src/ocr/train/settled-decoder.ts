import { USUAL_BEAM } from '../models/chosen-decoder.js';
import type { DecoderConfig } from '../models/decoder.js';
import { encodeLanguageModel, type EncodedLanguageModel } from '../models/language-model-file.js';
import { rememberingScores } from '../models/remembered-scores.js';
import { readingGuide } from '../models/reading-guides.js';
import type { Recogniser } from '../models/recogniser.js';
import { learnLanguageModel, type LanguageModelData } from '../text/language-model.js';
import { characters } from '../text/code-points.js';
import type { TextMetrics } from '../text/metrics.js';
import type { DecoderParams } from './decoder-params.js';

/** A decoder, and what it reached on the validation part. */
export interface SettledDecoder {
  decoder: DecoderConfig;
  metrics: TextMetrics;
  /** What the decoder names, still to be written. */
  languageModel?: EncodedLanguageModel;
}

export interface DecoderSettling {
  params: DecoderParams;
  /** The training labels. */
  texts: Iterable<string>;
  /** Reads the validation part. */
  validate: (model: Recogniser) => Promise<TextMetrics>;
  /** The figure that chooses: the smaller, the better. */
  figureOf: (metrics: TextMetrics) => number;
}

/** Tried one after the other where 'auto' leaves the choice to the validation part: first the weight, then the bonus. */
const WEIGHTS = [0, 0.1, 0.2, 0.35, 0.5, 0.75, 1];
const BONUSES = [-1, -0.5, 0.5, 1, 2];

/** True if the parameters ask for more than the best class of each step of the image as it is. */
export function isGuided({ views = 1, ...params }: DecoderParams): boolean {
  return views > 1 || needsBeam(params);
}

function needsBeam({ beam = 1, pattern, languageModel }: DecoderParams): boolean {
  return beam > 1 || pattern !== undefined || languageModel !== undefined;
}

/**
 * Settles how a trained model reads, by `params`, and reads the validation part so. A language model is learnt from the training labels; of equally
 * good settings the first is taken. Throws `bad-pattern` (exit code 2).
 */
export async function settleDecoder(model: Recogniser, settling: DecoderSettling): Promise<SettledDecoder> {
  const { params, texts } = settling;
  const pattern = params.pattern === undefined ? {} : { pattern: params.pattern };
  const beam = params.beam ?? USUAL_BEAM;
  if (model.decoder.type === 'attention') {
    return readWith({ type: 'attention', beam, ...pattern }, { model, settling });
  }
  const views = params.views === undefined ? {} : { views: params.views };
  if (!needsBeam(params)) return readWith({ type: 'ctc-greedy', ...views }, { model, settling });
  const base = { type: 'ctc-beam', beam, ...views, ...pattern } as const;
  if (params.languageModel === undefined) return readWith(base, { model, settling });
  const { order, weight, bonus } = params.languageModel;
  const data = learnLanguageModel(Array.from(texts, characters), order);
  const languageModel = encodeLanguageModel(data);
  const { file, id } = languageModel;
  // The network computes the same for all that is tried.
  const reader = { ...model, network: rememberingScores(model.network) };
  const tried = (how: { weight: number; bonus: number }) => () =>
    readWith({ ...base, languageModel: { file, id, ...how } }, { model: reader, settling, data });

  const first = bonus === 'auto' ? 0 : bonus;
  const weights = weight === 'auto' ? WEIGHTS : [weight];
  const best = await firstBest(
    weights.map((value) => tried({ weight: value, bonus: first })),
    settling,
  );
  const chosen = weightOf(best.decoder);
  const bonuses = bonus === 'auto' && chosen > 0 ? BONUSES : [];
  const others = bonuses.map((value) => tried({ weight: chosen, bonus: value }));
  return { ...(await firstBest([() => Promise.resolve(best), ...others], settling)), languageModel };
}

async function readWith(
  decoder: DecoderConfig,
  having: { model: Recogniser; settling: DecoderSettling; data?: LanguageModelData },
): Promise<SettledDecoder> {
  const { model, settling, data } = having;
  const guide = readingGuide(decoder, model.alphabet.characters, data);
  return { decoder, metrics: await settling.validate({ ...model, decoder, guide }) };
}

function weightOf(decoder: DecoderConfig): number {
  return (decoder.type === 'ctc-beam' ? decoder.languageModel?.weight : undefined) ?? 0;
}

async function firstBest(
  tries: readonly (() => Promise<SettledDecoder>)[],
  { figureOf }: DecoderSettling,
): Promise<SettledDecoder> {
  let best = await tries[0]!();
  for (const next of tries.slice(1)) {
    const found = await next();
    if (figureOf(found.metrics) < figureOf(best.metrics)) best = found;
  }
  return best;
}
