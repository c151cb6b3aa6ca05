import type { JsonValue } from '../../base/canonical-json.js';
import type { Skipped } from './sample.js';

/** One label as a source states it; `image` is still the source's own way of naming the file. */
export interface Entry {
  /** What the source calls it, for messages: a task number, a line, a key, a file. */
  readonly name: string;
  /** Where its source states it, where that is a file of lines; counts from 1. */
  readonly line?: number;
  /** An absolute path when the format found the file itself, otherwise a reference to be looked up. */
  readonly image: { readonly file: string } | { readonly reference: string };
  readonly text: string;
  readonly more: Readonly<Record<string, JsonValue>>;
}

/** An entry without a usable label. The image that it names is taken all the same: no other label may get it by guess. */
export interface Unusable extends Skipped {
  readonly reference?: string | undefined;
}

/** Everything a source says; `skipped` entries are unusable in themselves (cancelled, empty, without a label). */
export interface Entries {
  readonly entries: readonly Entry[];
  readonly skipped: readonly Unusable[];
}

/** Choices that a source may leave open. */
export interface FormatOptions {
  /** Where the images are; default: the folder of the labels. */
  images?: string | undefined;
  /** Which field holds the text, where a source has several (Label Studio, tables). */
  field?: string | undefined;
  signal?: AbortSignal | undefined;
}

export type FormatName =
  'labelstudio' | 'labelstudio-min' | 'labels-json' | 'ccpd' | 'gt-txt' | 'tsv' | 'csv';

/** What `--format` takes. */
export const formatNames: readonly (FormatName | 'manifest')[] = [
  'manifest',
  'labelstudio',
  'labelstudio-min',
  'labels-json',
  'ccpd',
  'gt-txt',
  'tsv',
  'csv',
];
