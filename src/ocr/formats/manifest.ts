import { createReadStream } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { JsonValue } from '../../base/canonical-json.js';
import type { OutputKind } from '../../base/outputs.js';
import { systemErrorCode, userError, type OcrpipeError } from '../../base/errors.js';
import { labelOf, type Sample } from './sample.js';

/**
 * The manifest: JSON lines in UTF-8, one object an image, `{"image": "images/1.png", "text": "…", …}`. `image` is
 * '/'-separated and relative to the folder of the manifest; `text` is the label; other keys are kept. Blank lines are
 * passed over. This is the one format that the OCR commands hand to each other.
 */
const MAX_LINE_BYTES = 1024 * 1024;

/** What a manifest replaces: another one. */
export const manifestKind: OutputKind = {
  what: 'manifest',
  owns: (head) => /^\s*\{"image":".*","text":"/.test(head),
};

/**
 * The samples of a manifest in their order, read as a stream. Throws with file and line (exit code 2):
 * `manifest-unreadable`, `manifest-not-utf8`, `manifest-syntax`, `manifest-image`, `manifest-text`.
 */
export async function* readManifest(file: string, signal?: AbortSignal): AsyncGenerator<Sample> {
  const folder = dirname(resolve(file));
  let line = 0;
  for await (const bytes of linesOf(file, signal)) {
    line += 1;
    const text = decodeLine(bytes, file, line);
    if (text.trim() !== '') yield parseLine(text, { file, line, folder });
  }
}

/** All samples of a manifest; throws `manifest-empty` if it has none. */
export async function readWholeManifest(file: string, signal?: AbortSignal): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of readManifest(file, signal)) samples.push(sample);
  if (samples.length === 0) {
    throw userError('manifest-empty', `${file} holds no samples`, { location: { file } });
  }
  return samples;
}

/** Writes a manifest so that readers see all of it or the old one; image paths become relative to its folder. */
export function writeManifest(file: string, samples: Iterable<Sample>): void {
  writeFileAtomic(file, manifestText(dirname(resolve(file)), samples));
}

/** A manifest as it stands in `folder`. */
export function manifestText(folder: string, samples: Iterable<Sample>): string {
  const lines: string[] = [];
  for (const sample of samples) lines.push(`${JSON.stringify(manifestEntry(sample, folder))}\n`);
  return lines.join('');
}

function manifestEntry(sample: Sample, folder: string): Record<string, JsonValue> {
  return { image: pathBetween(folder, sample.image), text: sample.text, ...sample.more };
}

/** `path` as seen from `folder`, '/'-separated. */
export function pathBetween(folder: string, path: string): string {
  return relative(folder, path).split(sep).join('/');
}

interface Place {
  file: string;
  line: number;
  folder: string;
}

function parseLine(text: string, place: Place): Sample {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw at(place, 'manifest-syntax', 'is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw at(place, 'manifest-syntax', 'is not a JSON object');
  }
  const { image, text: label, ...more } = value as Record<string, JsonValue>;
  if (typeof image !== 'string' || image === '' || image.includes('\0')) {
    throw at(place, 'manifest-image', "has no 'image' (a path)");
  }
  if (image.includes('\uFFFD') || isAbsolute(image)) {
    throw at(place, 'manifest-image', `has an 'image' that is not a relative UTF-8 path: ${image}`);
  }
  if (!isWithinDepth(more, MAX_DEPTH)) {
    throw at(place, 'manifest-syntax', `is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (typeof label !== 'string') throw at(place, 'manifest-text', "has no 'text' (a string)");
  const trimmed = labelOf(label);
  if (trimmed === '') throw at(place, 'manifest-text', "has an empty 'text'");
  return {
    image: resolve(place.folder, image),
    name: image,
    text: trimmed,
    line: place.line,
    more: shared(more),
  };
}

const NOTHING_MORE: Sample['more'] = Object.freeze({});

/** One object for all entries that say nothing more: there may be very many. */
function shared(more: Sample['more']): Sample['more'] {
  return Object.keys(more).length === 0 ? NOTHING_MORE : more;
}

/** More would be no note about an image, and what writes JSON recurses. */
const MAX_DEPTH = 100;

function isWithinDepth(value: JsonValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner: JsonValue) => isWithinDepth(inner, depth - 1));
}

function at(place: Place, code: string, what: string, cause?: unknown): OcrpipeError {
  return userError(code, `${place.file}:${place.line}: this line ${what}`, {
    location: { file: place.file, line: place.line },
    hint: 'A manifest has one object a line: {"image": "path/from/the/manifest.png", "text": "label"}.',
    ...(cause === undefined ? {} : { cause }),
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeLine(bytes: Uint8Array, file: string, line: number): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw userError('manifest-not-utf8', `${file}:${line}: this line is not UTF-8`, {
      location: { file, line },
      hint: 'Save the manifest as UTF-8.',
    });
  }
}

/** The lines of a file as bytes, without their ends. */
async function* linesOf(file: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  const stream = createReadStream(file, { highWaterMark: 256 * 1024, ...(signal ? { signal } : {}) });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
        yield bytes.subarray(0, end);
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length > MAX_LINE_BYTES) throw notAManifest(file);
      rest = bytes;
    }
  } catch (error) {
    throw openError(file, error);
  }
  if (rest.length > 0) yield rest;
}

function openError(file: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') {
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
    return userError('manifest-unreadable', `${file} cannot be read: ${reason}`, { location: { file } });
  }
  return error;
}

function notAManifest(file: string): OcrpipeError {
  return userError(
    'manifest-syntax',
    `${file} has a line of more than ${MAX_LINE_BYTES} bytes: no manifest`,
    {
      location: { file },
    },
  );
}
