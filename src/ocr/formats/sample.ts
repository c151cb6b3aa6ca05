import type { JsonValue } from '../../base/canonical-json.js';

/** One labelled line image, from whatever format. */
export interface Sample {
  /** Absolute path of the image. */
  readonly image: string;
  /** The image as its source names it ('/'-separated, relative to the source): for messages, reports and hashing. */
  readonly name: string;
  /** The label: one line, no white space at its ends, otherwise as the source has it (not normalised). Never empty. */
  readonly text: string;
  /** Where its source states it, where that is a file of lines; counts from 1. */
  readonly line?: number;
  /** What else the source knows, kept from manifest to manifest. */
  readonly more: Readonly<Record<string, JsonValue>>;
}

/** A labelled entry that cannot be used, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** The label inside some text: ends trimmed, inner line breaks and tabs as one space, inner spaces kept. */
export function labelOf(text: string): string {
  return text.trim().replaceAll(/\s*[\r\n\t\v\f\u2028\u2029]\s*/g, ' ');
}
