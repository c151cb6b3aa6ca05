import { existsSync, readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { TEMPORARY_PREFIX } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { checkOutputFiles, checkOutputFolder, outputPath } from '../base/outputs.js';
import { manifestKind } from '../ocr/formats/manifest.js';
import { readSamples } from '../ocr/formats/read-samples.js';
import { copiesAcrossParts } from '../ocr/split/copies.js';
import { parseShares, type Share } from '../ocr/split/shares.js';
import { splitSamples, type Part } from '../ocr/split/split.js';
import { partFile, writeParts } from '../ocr/split/write-parts.js';
import { withShownPaths } from './shown-paths.js';

export interface SplitInput {
  source: string;
  out: string;
  /** `train=0.8,val=0.1,test=0.1` */
  share: string;
  seed: number;
  group: string;
  stable: boolean;
  images?: string | undefined;
  format?: string | undefined;
  field?: string | undefined;
}

export interface SplitResult {
  /** Samples in all. */
  count: number;
  seed: number;
  group: string;
  parts: { name: string; file: string; count: number; share: number; texts: number }[];
}

/** Splits a data set into manifests, one a part, in the folder `out`; nothing is written on an error. */
export async function split(input: SplitInput, call: Call): Promise<SplitResult> {
  return withShownPaths(call.cwd, () => splitSource(input, call));
}

async function splitSource(input: SplitInput, call: Call): Promise<SplitResult> {
  const shares = parseShares(input.share);
  const source = resolve(call.cwd, input.source);
  const out = outputPath('--out', call.cwd, input.out);
  checkOutputFolder('--out', out);
  checkOutputFiles(
    shares.map(({ name }) => ({ flag: '--out', path: partFile(out, name), kind: manifestKind })),
    [source],
  );
  refuseLeftovers(out, input.out, shares);
  const { samples } = await readSamples(source, {
    images: input.images === undefined ? undefined : resolve(call.cwd, input.images),
    format: input.format,
    field: input.field,
    shownAs: input.source,
    events: call.events,
    signal: call.signal,
  });
  const parts = splitSamples(samples, { ...input, shares });
  await noteCopies(parts, call);
  call.signal.throwIfAborted();
  writeParts(out, parts);
  return {
    count: samples.length,
    seed: input.seed,
    group: input.group,
    parts: parts.map((part) => ({
      name: part.name,
      file: posix.join(input.out, `${part.name}.jsonl`),
      count: part.samples.length,
      share: part.samples.length / samples.length,
      texts: new Set(part.samples.map((sample) => sample.text.normalize('NFC'))).size,
    })),
  };
}

/** What is in two parts makes figures too good, and only the bytes show it. */
async function noteCopies(parts: readonly Part[], call: Call): Promise<void> {
  const count = await copiesAcrossParts(parts, call.signal);
  if (count === 0) return;
  const message = `${count} images are byte for byte in more than one part, under different names: remove the copies, or keep them together with --group`;
  call.events({ type: 'note', level: 'warning', code: 'split-copies', message });
}

/** A part of an earlier split under another name would hold samples that are now in a different part. */
function refuseLeftovers(folder: string, shown: string, shares: readonly Share[]): void {
  if (!existsSync(folder)) return;
  const names = new Set(shares.map(({ name }) => `${name}.jsonl`));
  const leftover = readdirSync(folder).find(
    (name) => name.endsWith('.jsonl') && !name.startsWith(TEMPORARY_PREFIX) && !names.has(name),
  );
  if (leftover === undefined) return;
  throw userError('split-leftover', `${posix.join(shown, leftover)} is no part of this split`, {
    hint: 'Remove it, or write to another folder: its samples would overlap with the new parts.',
  });
}
