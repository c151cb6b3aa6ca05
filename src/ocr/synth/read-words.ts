import { statSync } from 'node:fs';
import { countText } from '../../base/count-text.js';
import { OcrpipeError, userError, withHint } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { isManifest, readSource } from '../formats/detect.js';
import { readWholeManifest } from '../formats/manifest.js';
import { readTextFile } from '../formats/text-file.js';
import { describeCharacter } from '../text/alphabet.js';
import { characters } from '../text/code-points.js';
import { charactersLacked } from './fonts.js';

const MOST_NAMED = 10;

/**
 * The words of a list, one a line, in NFC; or of labels (a manifest, a folder, JSON, a table), each once. Nobody chose the words of labels to be drawn:
 * those with characters that a font of `fonts` lacks are left out, with the note `words-without-glyphs`. Throws `words-missing` (exit code 2) where there is none.
 */
export async function readWords(
  file: string,
  fonts: readonly string[],
  { events, signal }: { events: EventSink; signal: AbortSignal },
): Promise<string[]> {
  const labels = await labelsIn(file, signal);
  const words =
    labels === undefined ? nonEmpty(readTextFile(file).split(/\r?\n/)) : drawableWords(labels, fonts, events);
  if (words.length > 0) return words;
  throw userError('words-missing', `${file} has no words to draw`, {
    location: { file },
    hint: 'Give a file with one word a line, or labels: a manifest, or a folder of images with labels.',
  });
}

/** The texts of labels; undefined for a file that is a list of words. */
async function labelsIn(file: string, signal: AbortSignal): Promise<string[] | undefined> {
  if (!isFolder(file) && !/\.(jsonl?|csv|tsv)$/i.test(file)) return undefined;
  try {
    const found = isManifest(file)
      ? await readWholeManifest(file, signal)
      : readSource(file, undefined, { signal }).entries;
    return found.map(({ text }) => text);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    if (EMPTY.has(error.code)) return [];
    // What else would help is said for commands that take other flags.
    throw withHint(
      error,
      "Give words one a line, or make a manifest of the labels: 'ocrpipe convert', which can be told what they are.",
    );
  }
}

/** Files of labels without any. */
const EMPTY: ReadonlySet<string> = new Set(['label-file-empty', 'manifest-empty']);

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Who reads the file says what is wrong with it.
    return false;
  }
}

function drawableWords(labels: readonly string[], fonts: readonly string[], events: EventSink): string[] {
  const words = nonEmpty([...new Set(labels.flatMap((text) => text.split(/\s+/)))]);
  const lacked = new Set(charactersLacked(fonts, [...new Set(words.flatMap(characters))]));
  const drawn = words.filter((word) => !characters(word).some((character) => lacked.has(character)));
  if (drawn.length < words.length) {
    const named = [...lacked].slice(0, MOST_NAMED).map(describeCharacter).join(', ');
    const more = lacked.size > MOST_NAMED ? ` and ${lacked.size - MOST_NAMED} more` : '';
    const message = `${countText(words.length - drawn.length, 'word')} of ${words.length} cannot be drawn, as a font has no ${named}${more}`;
    events({ type: 'note', level: 'info', code: 'words-without-glyphs', message });
  }
  return drawn;
}

function nonEmpty(words: readonly string[]): string[] {
  return words.map((word) => word.trim().normalize('NFC')).filter((word) => word !== '');
}
