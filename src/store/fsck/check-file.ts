import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { ContentId } from '../../base/content-id.js';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import type { Watch } from '../../base/shared-watch.js';
import { PACK_HEADER_BYTES } from '../pack-format.js';
import { readPackTable } from '../pack-reader.js';
import { parseRecord, MAX_RECORD_BYTES } from '../run-records.js';
import { NodeScan } from '../node-scan.js';
import { decodeNode } from '../tree-format.js';
import { uncutEntry } from '../tree-builder.js';
import { checkedObjects, toTheEnd, type CheckedObject } from '../verify-pack.js';
import { runOfKey } from '../format.js';
import type { FileState, Finding, StoreFile } from './finding.js';

/** What became of checking one file. */
export interface FileReport {
  /** The file as it was while it was read; absent if it is gone, was changed meanwhile, or was not read to its end. */
  state?: FileState;
  /** Objects that were compared with their ids. */
  objects: number;
  /** Bytes of the file. */
  bytes: number;
  findings: Finding[];
}

const SLAB_BYTES = 1024 * 1024;
const WRONG_HASH = 'its bytes have another hash';

/**
 * Reads every byte of a file of a store, in little memory, and says what is wrong with it. A file that is gone is none of it:
 * a collection of garbage may have taken it. What the system refuses to read counts as damaged.
 */
export function checkFile(file: StoreFile, watch: Watch): FileReport {
  return toTheEnd(checkInSteps(file, watch));
}

/** The same, stopping after about each MiB. */
export function* checkInSteps(file: StoreFile, watch: Watch): Generator<0, FileReport> {
  const report: FileReport = { objects: 0, bytes: 0, findings: [] };
  try {
    const fd = openSync(file.file, CAUTIOUS_READ);
    try {
      yield* checkOpen(fd, file, { report, watch });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT') report.findings.push(findingOf(file, unreadable(error, code)));
  }
  return report;
}

function unreadable(error: unknown, code: string | undefined): string {
  if (error instanceof OcrpipeError) return error.message;
  if (code === undefined) throw error;
  return code === 'ELOOP' ? 'it is a link' : `it cannot be read (${code})`;
}

function* checkOpen(fd: number, file: StoreFile, to: { report: FileReport; watch: Watch }): Generator<0> {
  const { report, watch } = to;
  const before = fstatSync(fd);
  if (!before.isFile()) {
    report.findings.push(findingOf(file, 'it is no file'));
    return;
  }
  report.bytes = before.size;
  yield* CHECKS[file.what](fd, file, to);
  const { size, mtimeMs, ctimeMs, ino } = fstatSync(fd);
  const same = size === before.size && mtimeMs === before.mtimeMs && ctimeMs === before.ctimeMs;
  if (same && !watch.stopped()) report.state = { size, mtimeMs, ctimeMs, ino };
}

type Check = (fd: number, file: StoreFile, to: { report: FileReport; watch: Watch }) => Iterable<0>;

const CHECKS: Readonly<Record<StoreFile['what'], Check>> = {
  pack: checkPack,
  blob: checkBlob,
  run: (fd, file, to) => {
    checkRecord(fd, file, to);
    return [];
  },
};

function* checkPack(fd: number, file: StoreFile, { report, watch }: Parameters<Check>[2]): Generator<0> {
  const table = readPackTable(fd, basename(file.file), file.id);
  const scan = new NodeScan();
  let told = 0;
  for (const checked of checkedObjects(fd, table)) {
    const { kind, id, offset, length } = checked.entry;
    const reason = problemOf(checked, scan);
    if (reason !== undefined) report.findings.push({ object: { kind, id }, where: file.file, reason });
    report.objects += 1;
    const read = offset + length - PACK_HEADER_BYTES;
    // Threads share what is told: for each of thousands of small objects that would take longer than to read it.
    if (read - told < SLAB_BYTES && report.objects < table.count) continue;
    watch.onBytes(read - told);
    told = read;
    yield 0;
    if (watch.stopped()) return;
  }
}

function problemOf({ entry, sound, bytes }: CheckedObject, scan: NodeScan): string | undefined {
  if (!sound) return WRONG_HASH;
  if (entry.kind !== 'tree' && entry.kind !== 'listing') return undefined;
  if (!bytes) return 'it is longer than any node';
  // What is wrong with a node is worded by who reads it entry by entry.
  return scan.read(bytes) && scan.isWhole ? undefined : problemOfNode(entry.id, bytes);
}

function problemOfNode(id: ContentId, bytes: Buffer): string | undefined {
  try {
    const name = uncutEntry(decodeNode(bytes, id));
    return name === undefined ? undefined : `it goes on behind ${JSON.stringify(name)}, where a node ends`;
  } catch (error) {
    if (error instanceof OcrpipeError) return error.message;
    throw error;
  }
}

function* checkBlob(fd: number, file: StoreFile, { report, watch }: Parameters<Check>[2]): Generator<0> {
  const hash = createHash('sha256');
  const slab = Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES, report.bytes + 1));
  for (let at = 0; ;) {
    if (watch.stopped()) return;
    const read = readSync(fd, slab, 0, slab.length, at);
    if (read === 0) break;
    hash.update(slab.subarray(0, read));
    at += read;
    watch.onBytes(read);
    yield 0;
  }
  report.objects += 1;
  if (hash.digest('hex') !== file.id) report.findings.push(findingOf(file, WRONG_HASH));
}

function checkRecord(fd: number, file: StoreFile, { report, watch }: Parameters<Check>[2]): void {
  const { size } = fstatSync(fd);
  report.objects += 1;
  if (size > MAX_RECORD_BYTES) {
    report.findings.push(findingOf(file, 'it is longer than any record'));
    return;
  }
  const bytes = Buffer.allocUnsafe(size);
  const read = readSync(fd, bytes, 0, size, 0);
  parseRecord(runOfKey(file.key)!, bytes.subarray(0, read), file.file);
  watch.onBytes(read);
}

function findingOf({ what, id, file }: StoreFile, reason: string): Finding {
  return { object: { kind: what, id }, where: file, reason };
}
