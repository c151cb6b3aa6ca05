import { countText } from '../../base/count-text.js';
import type { EventSink } from '../../base/events.js';
import { readWholeManifest } from '../formats/manifest.js';
import { readLabelFile } from '../formats/text-file.js';
import { describeCharacter } from '../text/alphabet.js';
import { characters } from '../text/code-points.js';
import { charactersLacked } from './fonts.js';

const MOST_NAMED = 10;

/**
 * The words of a list, one a line, in NFC; or of a manifest's labels (`.jsonl`), each once. Nobody chose the words of labels to be drawn:
 * those with characters that a font of `fonts` lacks are left out, with the note `words-without-glyphs`.
 */
export async function readWords(
  file: string,
  fonts: readonly string[],
  { events, signal }: { events: EventSink; signal: AbortSignal },
): Promise<string[]> {
  if (!file.endsWith('.jsonl')) return nonEmpty(readLabelFile(file).split(/\r?\n/));
  const samples = await readWholeManifest(file, signal);
  const words = nonEmpty([...new Set(samples.flatMap(({ text }) => text.split(/\s+/)))]);
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
