import { z } from 'zod';
import { augmentConfigSchema } from '../images/augment-config.js';
import { modelConfigSchema } from '../models/model-config.js';
import { decoderParamsSchema, type DecoderParams } from './decoder-params.js';

/** The figures that can choose the best weights. */
const MONITORS = ['valCer', 'valExact'] as const;

/** In YAML a digit of a list is a number unless it is quoted. */
const listedCharacter = z.union([z.string().min(1), z.int().min(0).max(9).transform(String)]);

/** How long and how fast to learn: the section `train` of params.yaml. */
export const trainConfigSchema = z.strictObject({
  /** Of first weights, data order, dropout and augmentation. */
  seed: z.int().min(0).default(1),
  /**
   * The characters to learn, each once; learnt from the training labels if left out. In a list each entry is one
   * character, in a text a mark is composed with the letter before it.
   */
  alphabet: z.union([z.string().min(1), z.array(listedCharacter).min(1)]).optional(),
  /** A model folder whose weights training begins with, by name and shape, and by character along the alphabet. */
  from: z.string().min(1).optional(),
  /** All weights must come from there and none be left over; without it, those that fit are taken. */
  strict: z.boolean().default(true),
  /** Times that every training image is seen. */
  epochs: z.int().min(1).default(50),
  /** Steps after which training ends whatever `epochs` says. */
  maxSteps: z.int().min(1).optional(),
  /** Minutes after which training ends; what it reaches then depends on the machine. */
  maxMinutes: z.number().positive().optional(),
  /** Images of one step; the most of them with `batchPixels`. */
  batchSize: z.int().min(1).default(32),
  /** Pixels of width of one step, its images as wide as the widest: narrow images make larger batches. */
  batchPixels: z.int().min(1).optional(),
  /** Steps of an epoch, in place of one pass over the data. */
  stepsPerEpoch: z.int().min(1).optional(),
  /** An image with a rare character is seen up to so many times as often as others; 1 shows all alike. */
  balance: z.number().min(1).max(100).default(1),
  optimizer: z.enum(['adam', 'sgd']).default('adam'),
  /** Adam divides by the largest second moment so far. */
  amsgrad: z.boolean().default(false),
  /** Share of its velocity that SGD keeps in each step; 0 has none. */
  momentum: z.number().min(0).max(0.9999).default(0.9),
  /** SGD looks ahead along its velocity. */
  nesterov: z.boolean().default(false),
  /** The highest; `schedule` says how it changes. */
  learningRate: z.number().positive().default(1e-3),
  /** Steps in which the learning rate rises from 0; `oneCycle` has its own rise. */
  warmupSteps: z.int().min(0).default(50),
  /**
   * `cosine` falls to `finalLearningRate` at the last step, `plateau` when validations get no better, `oneCycle` rises to the
   * highest and falls again.
   */
  schedule: z.enum(['cosine', 'constant', 'plateau', 'oneCycle']).default('cosine'),
  /** Share of the learning rate that is left at the end, and that `plateau` never goes below. */
  finalLearningRate: z.number().min(0).max(1).default(0.01),
  /** What `plateau` multiplies the learning rate with. */
  plateauFactor: z.number().gt(0).lt(1).default(0.5),
  /** Validations without a better figure that `plateau` waits for. */
  plateauPatience: z.int().min(0).default(3),
  /** Share of the steps in which `oneCycle` rises. */
  oneCycleRise: z.number().min(0).max(1).default(0.3),
  /** Share of the learning rate that `oneCycle` begins with. */
  oneCycleStart: z.number().min(0).max(1).default(0.04),
  weightDecay: z.number().min(0).default(1e-4),
  /** `decoupled` takes its share of the weights themselves, `l2` adds it to their gradients. */
  weightDecayMode: z.enum(['decoupled', 'l2']).default('decoupled'),
  /** Largest length of all gradients together. */
  clipNorm: z.number().positive().default(5),
  /** Largest size of a single value of a gradient. */
  clipValue: z.number().positive().optional(),
  /** Training ends when the loss or the length of its gradient is so many times the median; 0 goes on whatever happens. */
  explodingFactor: z.union([z.literal(0), z.number().min(2)]).default(100),
  /** So many steps in a row. */
  explodingSteps: z.int().min(1).max(1000).default(10),
  /** Share of the probability that the loss spreads over all characters. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** Share of the averaged weights that each step keeps; 0 uses the weights as they are. */
  averaging: z.number().min(0).max(0.99999).default(0),
  /** Epochs between two validations. */
  evaluateEvery: z.int().min(1).default(1),
  /** Steps between two validations, in place of `evaluateEvery`. */
  evaluateSteps: z.int().min(1).optional(),
  /** Which figure chooses the best weights. */
  monitor: z.enum(MONITORS).default('valCer'),
  /** Validations without a better figure after which training ends; 0 never does. */
  patience: z.int().min(0).default(0),
  /** Memory in MiB for decoded images. */
  cacheMiB: z.int().min(0).default(1024),
});

export type TrainConfig = z.infer<typeof trainConfigSchema>;

/** The sections of params.yaml that `train` reads; others are other stages'. */
export const paramsSchema = z.looseObject({
  model: modelConfigSchema.prefault({}),
  train: trainConfigSchema.prefault({}),
  augment: augmentConfigSchema.prefault({}),
  decoder: decoderParamsSchema.prefault({}),
});

/** Everything that decides what training gives, beside the data. */
export interface TrainingSettings {
  model: z.infer<typeof modelConfigSchema>;
  train: TrainConfig;
  augment: z.infer<typeof augmentConfigSchema>;
  decoder: DecoderParams;
}
