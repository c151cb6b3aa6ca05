import { resolve } from 'node:path';
import { countText } from '../../base/count-text.js';
import { userError } from '../../base/errors.js';
import { readModelFolder } from '../models/model-folder.js';
import { newRecogniser, type Recogniser } from '../models/recogniser.js';
import type { NamedArray } from '../models/variables.js';
import type { PreparedData } from './prepare.js';
import type { TrainingJob } from './training-job.js';

/** Weights and what their classes mean. */
export interface WeightsOfAlphabet {
  weights: readonly NamedArray[];
  alphabet: readonly string[];
}

/** Weights that training begins with, and where each comes from. */
export interface Transfer {
  weights: NamedArray[];
  /** Names of the tensors that were taken, those that keep their first values, and those of the source that have no place. */
  taken: string[];
  fresh: string[];
  dropped: string[];
  /** Characters whose rows begin anew, and those of the source that are gone. */
  newCharacters: string[];
  lostCharacters: string[];
}

/** The axis of a tensor that counts classes: the characters, then what is no character (CTC's blank, end and start of a text). */
const CLASS_AXES: Readonly<Record<string, number>> = {
  'output/kernel': 1,
  'output/bias': 0,
  'decoder/embedding': 0,
};

/**
 * Puts the weights of a source in the place of first weights, by name and shape. Along classes they are taken by character: a new
 * character keeps its first values.
 */
export function transferWeights(first: WeightsOfAlphabet, source: WeightsOfAlphabet): Transfer {
  const bySource = new Map(source.weights.map((array) => [array.name, array]));
  const taken = new Set<string>();
  const weights = first.weights.map((array) => {
    const given = bySource.get(array.name);
    const put = given && puttable(array, given, [first.alphabet, source.alphabet]);
    if (put === undefined) return array;
    taken.add(array.name);
    return put;
  });
  const names = (of: WeightsOfAlphabet): string[] => of.weights.map(({ name }) => name);
  const without = (all: readonly string[], some: readonly string[]): string[] => {
    const left = new Set(some);
    return all.filter((one) => !left.has(one));
  };
  return {
    weights,
    taken: [...taken],
    fresh: without(names(first), [...taken]),
    dropped: without(names(source), [...taken]),
    newCharacters: without(first.alphabet, source.alphabet),
    lostCharacters: without(source.alphabet, first.alphabet),
  };
}

/** `first` with what `given` has for it; undefined if they do not fit. */
function puttable(
  first: NamedArray,
  given: NamedArray,
  [alphabet, givenAlphabet]: [readonly string[], readonly string[]],
): NamedArray | undefined {
  const axis = CLASS_AXES[first.name];
  if (axis === undefined) {
    const fits = first.shape.join() === given.shape.join();
    return fits ? { ...first, values: given.values } : undefined;
  }
  const others = first.shape[axis]! - alphabet.length;
  const shape = first.shape.map((side, place) => (place === axis ? givenAlphabet.length + others : side));
  if (shape.join() !== given.shape.join()) return undefined;
  const places = new Map(givenAlphabet.map((character, place) => [character, place]));
  const sources = Array.from({ length: first.shape[axis]! }, (_, row) => {
    const character = alphabet[row];
    return character === undefined ? givenAlphabet.length + row - alphabet.length : places.get(character);
  });
  return { ...first, values: withRows(first, given, { axis, sources }) };
}

/** The values of `first`, each row along `axis` from the row of `given` that `sources` names, if it names one. */
function withRows(
  first: NamedArray,
  given: NamedArray,
  { axis, sources }: { axis: number; sources: readonly (number | undefined)[] },
): Float32Array {
  const values = Float32Array.from(first.values);
  const inner = first.shape.slice(axis + 1).reduce((size, side) => size * side, 1);
  const outer = first.shape.slice(0, axis).reduce((size, side) => size * side, 1);
  for (let block = 0; block < outer; block += 1) {
    sources.forEach((source, row) => {
      if (source === undefined) return;
      const from = (block * given.shape[axis]! + source) * inner;
      values.set(given.values.subarray(from, from + inner), (block * sources.length + row) * inner);
    });
  }
  return values;
}

/** A model to begin with. */
export interface Beginning {
  model: Recogniser;
  /** Content id of the weights that `train.from` gave. */
  from?: string;
}

/**
 * A new model, with weights of `train.from` where it is given. Tells what was taken; throws `model-missing` and what else reading a model throws,
 * and `transfer-mismatch` (exit code 2) where something would be left over and `train.strict` is on.
 */
export async function beginningOf(job: TrainingJob, data: PreparedData): Promise<Beginning> {
  const { from, seed } = job.settings.train;
  const model = newRecogniser(data.model, data.alphabet, seed);
  if (from === undefined) return { model };
  try {
    const { transfer, id } = await transferFrom(model, resolve(job.cwd, from));
    if (job.settings.train.strict) refuseLeftovers(transfer, from);
    model.network.variables.write(transfer.weights);
    const message = `${from}: ${transferText(transfer)}`;
    job.events({ type: 'note', level: 'info', code: 'weights-transferred', message });
    return { model, from: id };
  } catch (error) {
    model.network.dispose();
    throw error;
  }
}

async function transferFrom(model: Recogniser, folder: string): Promise<{ transfer: Transfer; id: string }> {
  const source = readModelFolder(folder);
  try {
    const { variables } = source.recogniser.network;
    const first = { weights: await model.network.variables.read(), alphabet: model.alphabet.characters };
    const given = { weights: await variables.read(), alphabet: source.recogniser.alphabet.characters };
    return { transfer: transferWeights(first, given), id: source.description.weights.id };
  } finally {
    source.recogniser.network.dispose();
  }
}

function refuseLeftovers({ taken, fresh, dropped }: Transfer, from: string): void {
  if (fresh.length + dropped.length === 0) return;
  const differ = fresh.filter((name) => dropped.includes(name));
  const told =
    differ.length > 0
      ? `another shape of ${listed(differ)}`
      : `other weights: ${listed([...fresh, ...dropped])}`;
  throw userError(
    'transfer-mismatch',
    `${from} is a model of another type or size than 'model' describes: it has ${told}; ${countText(taken.length, 'tensor')} would fit`,
    {
      location: { file: from },
      hint: `Give the section 'model' the values of ${from}/ocrpipe.json, or take what fits with 'train.strict: false'.`,
    },
  );
}

function transferText({ taken, fresh, dropped, newCharacters, lostCharacters }: Transfer): string {
  return [
    `${countText(taken.length, 'tensor')} taken`,
    ...(fresh.length > 0 ? [`new: ${listed(fresh)}`] : []),
    ...(dropped.length > 0 ? [`left out: ${listed(dropped)}`] : []),
    ...(newCharacters.length > 0 ? [`new characters: ${newCharacters.join(' ')}`] : []),
    ...(lostCharacters.length > 0 ? [`characters left out: ${lostCharacters.join(' ')}`] : []),
  ].join('; ');
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
