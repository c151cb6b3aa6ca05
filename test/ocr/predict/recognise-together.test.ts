import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCommittee, closeCommittee, type Committee } from '../../../src/ocr/models/committee.js';
import { CtcNetwork } from '../../../src/ocr/models/ctc-network.js';
import type { DecoderConfig } from '../../../src/ocr/models/decoder.js';
import {
  encodeLanguageModel,
  writeLanguageModel,
  type EncodedLanguageModel,
} from '../../../src/ocr/models/language-model-file.js';
import { readingGuide } from '../../../src/ocr/models/reading-guides.js';
import type { PrefixGuide } from '../../../src/ocr/nn/prefix-guide.js';
import { holdModelFolder } from '../../../src/ocr/models/held-model-folder.js';
import { writeModelFolder } from '../../../src/ocr/models/model-folder.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { VariableStore } from '../../../src/ocr/models/variables.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { recogniseBatch, type Reading } from '../../../src/ocr/predict/recognise.js';
import { recogniseTogether } from '../../../src/ocr/predict/recognise-together.js';
import { alphabetOf, type Alphabet } from '../../../src/ocr/text/alphabet.js';
import { learnLanguageModel } from '../../../src/ocr/text/language-model.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { noiseFor, tinyModel } from '../models/tiny-models.js';

interface Saved {
  type: string;
  alphabet?: string;
  seed?: number;
  decoder?: DecoderConfig;
  languageModel?: EncodedLanguageModel;
  changes?: Record<string, unknown>;
}

/** A folder with a model that has learnt nothing. */
async function saved({
  type,
  alphabet = 'abc',
  seed = 1,
  decoder,
  languageModel,
  changes,
}: Saved): Promise<string> {
  const folder = temporaryFolder();
  const made = newRecogniser(tinyModel(type, changes), alphabetOf(alphabet), seed);
  const held = await holdModelFolder(folder);
  const training = { dataId: 'a'.repeat(64), step: 1, seed, backend: 'wasm' } as const;
  const weights = await made.network.variables.read();
  if (languageModel) writeLanguageModel(folder, languageModel);
  writeModelFolder(held, { ...made, decoder: decoder ?? made.decoder }, weights, { training, metrics: {} });
  held.release();
  made.network.dispose();
  return folder;
}

/** A committee whose members see in each frame of whatever image what is said here: a share of certainty for each of some characters, the rest for none. */
function seeing(...members: { alphabet: string; frames: Record<string, number>[] }[]): Committee {
  const config = tinyModel('crnn with GRU', { widthStride: 4 });
  const all = alphabetOf([...new Set(members.flatMap(({ alphabet }) => Array.from(alphabet)))]);
  return {
    alphabet: all,
    sizes: [],
    members: members.map(({ alphabet: known, frames }) => {
      const alphabet = alphabetOf(known);
      const rows = frames.map((frame) => {
        const row = Array.from(known).map((character) => frame[character] ?? 1e-6);
        return [...row, Math.max(1e-6, 1 - row.reduce((sum, share) => sum + share, 0))].map(Math.log);
      });
      const body = {
        train: () => tf.tensor3d([rows]),
        read: () => tf.tensor3d([rows]),
      };
      const network = new CtcNetwork(new VariableStore(1), body);
      return { config, alphabet, network, decoder: { type: 'ctc-greedy' }, textGuide: undefined, size: 0 };
    }),
  };
}

/** The same members, each with a decoder that keeps to the pattern. */
function guidedBy(pattern: string, committee: Committee): Committee {
  const decoder: DecoderConfig = { type: 'ctc-beam', beam: 4, pattern };
  const guideOf = ({ characters }: Alphabet): PrefixGuide => readingGuide(decoder, characters, undefined)!;
  const members = committee.members.map((member) => ({
    ...member,
    decoder,
    guide: guideOf(member.alphabet),
    textGuide: guideOf(committee.alphabet),
  }));
  return { ...committee, members };
}

/** What it reads in an image with `frames` frames. */
async function readingOf(committee: Committee, frames: number): Promise<Reading> {
  const image = noiseFor(committee.members[0]!.config, 4 * frames);
  const [reading] = await recogniseTogether(committee, [[image]]);
  return reading!;
}

describe('models that read together', () => {
  beforeAll(() => openBackend('wasm'));

  it('stop between two images when they are told to', async () => {
    const committee = seeing(
      { alphabet: 'e', frames: [{ e: 0.9 }] },
      { alphabet: 'e', frames: [{ e: 0.9 }] },
    );
    const image = noiseFor(committee.members[0]!.config, 4);
    const stopped = recogniseTogether(committee, [[image]], AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('read at each place what they find likeliest together', async () => {
    const committee = seeing(
      { alphabet: 'eco', frames: [{ e: 0.55, c: 0.45 }, {}, { o: 0.9 }] },
      { alphabet: 'eco', frames: [{ c: 0.9, e: 0.1 }, {}, { e: 0.6, o: 0.4 }] },
    );
    const { text, characters, confidence } = await readingOf(committee, 3);
    expect(text).toBe('co');
    expect(characters.map((each) => each.confidence)).toEqual([
      expect.closeTo((0.45 + 0.9) / 2, 5),
      expect.closeTo((0.9 + 0.4) / 2, 5),
    ]);
    expect(characters.map(({ at }) => at)).toEqual([expect.closeTo(1 / 6, 5), expect.closeTo(5 / 6, 5)]);
    expect(confidence).toBeGreaterThan(0.45 * 0.4);
    expect(confidence).toBeLessThan(1);
  });

  it('leave a character that one does not know to those that do', async () => {
    const frames = [{ 鲁: 0.9 }, {}, { A: 0.6, B: 0.3 }];
    const knowing = { alphabet: '鲁皖AB', frames };
    const not = { alphabet: '皖AB', frames: [{ 皖: 0.9 }, {}, { A: 0.2, B: 0.7 }] };
    for (const members of [
      [knowing, not],
      [not, knowing],
    ]) {
      const { text } = await readingOf(seeing(...members), 3);
      expect(text).toBe('鲁B');
    }
  });

  it('take two different characters that one does not know for two, without a blank between them', async () => {
    const knowing = { alphabet: '鲁皖A', frames: [{ 鲁: 0.999 }, { 皖: 0.999 }, { A: 0.999 }] };
    const not = { alphabet: 'A', frames: [{ A: 0.6 }, { A: 0.6 }, { A: 0.9 }] };
    expect((await readingOf(seeing(knowing, not), 3)).text).toBe('鲁皖A');
    const twice = { alphabet: '鲁A', frames: [{ 鲁: 0.6 }, { 鲁: 0.6 }, { A: 0.999 }] };
    expect((await readingOf(seeing(twice, not), 3)).text).toBe('鲁A');
  });

  it('keep a letter and its mark apart, where an alphabet has them apart', async () => {
    const frames = [{ o: 0.9 }, { '\u0304': 0.9 }];
    const committee = seeing({ alphabet: 'od\u0304', frames }, { alphabet: 'okd\u0304', frames });
    const { characters, text } = await readingOf(guidedBy('[kd]?o[\u0304]', committee), 2);
    expect(characters.map((each) => each.text)).toEqual(['o', '\u0304']);
    expect(text).toBe('o\u0304');
  });

  it('read nothing, without confidence, where patterns leave nothing', async () => {
    const frames = [{ a: 0.9 }, {}, { b: 0.9 }];
    const committee = seeing({ alphabet: 'abc', frames }, { alphabet: 'abc', frames });
    expect(await readingOf(guidedBy('[a-c]{30}', committee), 3)).toEqual({
      text: '',
      confidence: 0,
      characters: [],
    });
  });

  it('have a language model say nothing of characters that its own model does not know', async () => {
    const file = encodeLanguageModel(learnLanguageModel(new Array<string[]>(50).fill(['a']), 3));
    const languageModel = { file: file.file, id: file.id, weight: 1, bonus: 0 };
    const folders = [
      await saved({
        type: 'crnn with GRU',
        alphabet: 'ab',
        decoder: { type: 'ctc-beam', beam: 4, languageModel },
        languageModel: file,
      }),
      await saved({ type: 'crnn with GRU', alphabet: 'abc' }),
    ];
    const committee = openCommittee(folders);
    const seen = seeing(
      { alphabet: 'ab', frames: [{ a: 0.8 }] },
      { alphabet: 'abc', frames: [{ c: 0.7, a: 0.2 }] },
    );
    const members = seen.members.map((member, at) => ({
      ...member,
      textGuide: committee.members[at]!.textGuide,
    }));
    expect((await readingOf({ ...seen, members }, 1)).text).toBe('c');
    closeCommittee(committee);
  });

  it('read what fits into the frames of all, where one has too few', async () => {
    const many = { alphabet: 'ab', frames: [{ a: 0.6 }, {}, { a: 0.6 }] };
    const few = { alphabet: 'ab', frames: [{ a: 0.9 }] };
    expect((await readingOf(seeing(many, few), 3)).text).toBe('a');
  });

  it('share images of one size, and have others made for other sizes', async () => {
    const folders = await Promise.all([
      saved({ type: 'crnn with GRU' }),
      saved({ type: 'mixer' }),
      saved({ type: 'crnn with LSTM', changes: { height: 24 } }),
    ]);
    const committee = openCommittee(folders);
    expect(committee.sizes.map(({ fit }) => fit.heightPx)).toEqual([16, 24]);
    expect(committee.members.map(({ size }) => size)).toEqual([0, 0, 1]);
    closeCommittee(committee);
  });

  it.each<[string, DecoderConfig | undefined]>([
    ['greedily', undefined],
    ['with a pattern', { type: 'ctc-beam', beam: 4, pattern: '[ab]c{1,2}' }],
    ['over views', { type: 'ctc-greedy', views: 3 }],
  ])('read as one of them alone if all are the same, %s', async (_, decoder) => {
    const folders = [await saved({ type: 'crnn with GRU', ...(decoder && { decoder }) })];
    folders.push(await saved({ type: 'crnn with GRU', ...(decoder && { decoder }) }));
    const committee = openCommittee(folders);
    const images = [40, 25, 61].map((widthPx) => noiseFor(committee.members[0]!.config, widthPx));
    const alone = await recogniseBatch(committee.members[0]!, images);
    const together = await recogniseTogether(
      committee,
      images.map((image) => [image]),
    );
    expect(together.map(({ text }) => text)).toEqual(alone.map(({ text }) => text));
    if (decoder?.type === 'ctc-beam') for (const { text } of together) expect(text).toMatch(/^[ab]c{1,2}$/);
    closeCommittee(committee);
  });

  it('keep to a pattern whose characters not all know', async () => {
    const decoder: DecoderConfig = { type: 'ctc-beam', beam: 4, pattern: '[a-d]{2}' };
    const folders = await Promise.all([
      saved({ type: 'crnn with GRU', alphabet: 'abc', decoder }),
      saved({ type: 'crnn with LSTM', alphabet: 'cbad', decoder, seed: 2 }),
    ]);
    const committee = openCommittee(folders);
    expect(committee.alphabet.characters).toEqual(['a', 'b', 'c', 'd']);
    const images = [40, 25, 61].map((widthPx) => [noiseFor(committee.members[0]!.config, widthPx)]);
    for (const { text } of await recogniseTogether(committee, images)) expect(text).toMatch(/^[a-d]{2}$/);
    closeCommittee(committee);
  });

  it('leave no tensor behind, and read an image alike whatever stands beside it', async () => {
    const folders = await Promise.all([
      saved({ type: 'crnn with GRU' }),
      saved({ type: 'fcnn-lstm', seed: 3 }),
    ]);
    const before = tf.memory().numTensors;
    const committee = openCommittee(folders);
    const images = [40, 25, 61].map((widthPx) =>
      committee.members.map(({ config }) => noiseFor(config, widthPx)),
    );
    const together = await recogniseTogether(committee, images);
    const apart = [];
    for (const image of images) apart.push(...(await recogniseTogether(committee, [image])));
    expect(apart).toEqual(together);
    closeCommittee(committee);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('take no model that has no time steps', async () => {
    const folders = await Promise.all([
      saved({ type: 'crnn with GRU' }),
      saved({ type: 'attention by Luong' }),
    ]);
    const before = tf.memory().numTensors;
    expect(() => openCommittee(folders)).toThrow(
      expect.objectContaining({
        code: 'committee-conflict',
        exitCode: 2,
        location: { file: folders[1] },
      }) as Error,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
