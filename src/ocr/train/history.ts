import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { OutputKind } from '../../base/outputs.js';

/**
 * One line of the history file, written after each validation. No times: the same training gives the same file. The
 * first figures are running ones over the training batches since the line before; those of `val…` are of the whole
 * validation part.
 */
export const historyEntrySchema = z.object({
  step: z.int(),
  /** Passes over the training data so far, with a fraction. */
  epoch: z.number(),
  learningRate: z.number(),
  /** CTC loss a character. */
  loss: z.number(),
  exact: z.number(),
  cer: z.number(),
  valExact: z.number(),
  valCer: z.number(),
  valLevenshtein: z.number(),
  valCharF1: z.number(),
});

export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/** What a history replaces: an earlier curve. */
export const historyKind: OutputKind = { what: 'curve', owns: isHistory };

/** True if every line is an entry; the last one may be a part: the beginning of a file ends anywhere, and so does a full disk. */
function isHistory(head: string): boolean {
  const lines = head.split('\n').slice(0, -1);
  return lines.length > 0 && lines.every(isEntry);
}

function isEntry(line: string): boolean {
  try {
    return historyEntrySchema.strict().safeParse(JSON.parse(line)).success;
  } catch {
    return false;
  }
}

/** A JSON-lines file that grows while training runs, so that curves can be watched. */
export interface HistoryFile {
  append(entry: HistoryEntry): void;
}

/** Begins the file with what an earlier part of the same training wrote; without a path nothing is written. */
export function openHistory(file: string | undefined, earlier: readonly HistoryEntry[]): HistoryFile {
  if (file === undefined) return { append: () => undefined };
  const line = (entry: HistoryEntry): string => `${JSON.stringify(entry)}\n`;
  writeFileAtomic(file, earlier.map(line).join(''));
  return {
    append: (entry) => {
      appendFileSync(file, line(entry));
    },
  };
}
