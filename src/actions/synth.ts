import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { syncDirectory, temporaryBeside } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { checkOutputFolder, outputPath } from '../base/outputs.js';
import { writePoint } from '../base/write-points.js';
import { readTextFile } from '../ocr/formats/text-file.js';
import type { LineStyle } from '../ocr/synth/draw-line.js';
import { isAsDrawn, recordDrawn } from '../ocr/synth/drawn-folder.js';
import { synthesize } from '../ocr/synth/synthesize.js';
import { patternTexts } from '../ocr/synth/pattern-texts.js';
import { parseTemplate, type Template } from '../ocr/synth/template.js';
import { parseLength, type TextSource } from '../ocr/synth/texts.js';
import { readWords } from '../ocr/synth/read-words.js';
import { alphabetOf } from '../ocr/text/alphabet.js';
import { withShownPaths } from './shown-paths.js';

export interface SynthInput {
  out: string;
  count: number;
  seed: number;
  /** `5..10` characters. */
  length: string;
  /** Characters to draw lines from (default: digits and capital letters), or `words`: a file of words, one a line, or labels. */
  alphabet?: string | undefined;
  words?: string | undefined;
  /** A pattern that each text is to match, in place of both. */
  pattern?: string | undefined;
  /** An SVG file with places for the text. */
  template?: string | undefined;
  fonts: readonly string[];
  style: LineStyle;
}

export interface SynthActionResult {
  out: string;
  count: number;
  texts: number;
  characters: number;
  fonts: readonly string[];
  examples: { image: string; text: string }[];
}

const EXAMPLES = 3;
const DEFAULT_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Draws text lines into a folder that appears whole or not at all; an earlier result of `synth` there is replaced, unless it was changed. */
export async function synth(input: SynthInput, call: Call): Promise<SynthActionResult> {
  return withShownPaths(call.cwd, () => drawFolder(input, call));
}

async function drawFolder(input: SynthInput, call: Call): Promise<SynthActionResult> {
  const out = outputPath('--out', call.cwd, input.out);
  const inputs = [...input.fonts, input.words, input.template].filter((path) => path !== undefined);
  await refuseForeignFolder(out, input.out, call.signal);
  checkOutputFolder(
    '--out',
    out,
    inputs.map((path) => resolve(call.cwd, path)),
  );
  const source = await textSource(input, call);
  const template = input.template === undefined ? undefined : readTemplate(input.template, call);
  const temporary = temporaryBeside(out);
  mkdirSync(dirname(out), { recursive: true });
  try {
    const { labels, fonts, characters } = await synthesize(temporary, {
      ...input,
      source,
      template,
      fonts: fontFiles(input, call),
      events: call.events,
      signal: call.signal,
    });
    await recordDrawn(temporary, call.signal);
    call.signal.throwIfAborted();
    putInPlace(temporary, out);
    const examples = [...labels].slice(0, EXAMPLES).map(([image, text]) => ({ image, text }));
    return {
      out: input.out,
      count: labels.size,
      texts: new Set(labels.values()).size,
      characters,
      fonts,
      examples,
    };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function textSource(input: SynthInput, call: Call): Promise<TextSource> {
  const length = parseLength(input.length);
  if (input.words !== undefined && input.alphabet !== undefined) {
    throw userError('synth-source', 'lines are drawn either from words or from an alphabet', {
      hint: 'Leave out one of --words and --alphabet.',
    });
  }
  const alphabet = alphabetOf(input.alphabet ?? DEFAULT_ALPHABET).characters;
  if (input.pattern !== undefined) {
    const pattern = patternTexts(input.pattern, alphabet);
    return { least: pattern.least, most: pattern.most, from: { pattern } };
  }
  if (input.words === undefined) return { ...length, from: { alphabet } };
  if (input.words === '')
    throw userError('words-missing', '--words is empty', { hint: 'Name a file of words, or labels.' });
  return {
    ...length,
    from: { words: await readWords(resolve(call.cwd, input.words), fontFiles(input, call), call) },
  };
}

function fontFiles({ fonts }: SynthInput, call: Call): string[] {
  return fonts.map((file) => resolve(call.cwd, file));
}

function readTemplate(path: string, call: Call): Template {
  const file = resolve(call.cwd, path);
  return parseTemplate(file, readTextFile(file));
}

/** Only what `synth` drew before, and nobody changed since, is replaced: a folder of anything else is the user's. */
async function refuseForeignFolder(out: string, shown: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(out)) return;
  const isFolder = lstatSync(out).isDirectory();
  if (isFolder && (readdirSync(out).length === 0 || (await isAsDrawn(out, signal)))) return;
  throw userError('synth-out-taken', `${shown} is there already and is not as synth drew it`, {
    location: { file: shown },
    hint: 'Name another folder, or remove it.',
  });
}

function putInPlace(temporary: string, out: string): void {
  const old = temporaryBeside(out);
  if (existsSync(out)) {
    writePoint();
    renameSync(out, old);
  }
  // A crash between the two renames leaves no folder: running synth again draws the same bytes.
  writePoint();
  renameSync(temporary, out);
  syncDirectory(dirname(out));
  rmSync(old, { recursive: true, force: true });
}
