import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import type { Watch } from '../../base/shared-watch.js';
import { readPackTable } from '../pack-reader.js';
import { parseRecord, MAX_RECORD_BYTES } from '../run-records.js';
import { decodeNode } from '../tree-format.js';
import { uncutEntry } from '../tree-builder.js';
import { checkedObjects, type CheckedObject } from '../verify-pack.js';
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
  const report: FileReport = { objects: 0, bytes: 0, findings: [] };
  try {
    const fd = openSync(file.file, CAUTIOUS_READ);
    try {
      checkOpen(fd, file, { report, watch });
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

function checkOpen(fd: number, file: StoreFile, to: { report: FileReport; watch: Watch }): void {
  const { report, watch } = to;
  const before = fstatSync(fd);
  if (!before.isFile()) {
    report.findings.push(findingOf(file, 'it is no file'));
    return;
  }
  report.bytes = before.size;
  CHECKS[file.what](fd, file, to);
  const { size, mtimeMs, ctimeMs, ino } = fstatSync(fd);
  const same = size === before.size && mtimeMs === before.mtimeMs && ctimeMs === before.ctimeMs;
  if (same && !watch.stopped()) report.state = { size, mtimeMs, ctimeMs, ino };
}

type Check = (fd: number, file: StoreFile, to: { report: FileReport; watch: Watch }) => void;

const CHECKS: Readonly<Record<StoreFile['what'], Check>> = {
  pack: checkPack,
  blob: checkBlob,
  run: checkRecord,
};

function checkPack(fd: number, file: StoreFile, { report, watch }: Parameters<Check>[2]): void {
  const table = readPackTable(fd, basename(file.file), file.id);
  for (const checked of checkedObjects(fd, table)) {
    if (watch.stopped()) return;
    const { kind, id, length } = checked.entry;
    const reason = problemOf(checked);
    if (reason !== undefined) report.findings.push({ object: { kind, id }, where: file.file, reason });
    report.objects += 1;
    watch.onBytes(length);
  }
}

function problemOf({ entry, sound, bytes }: CheckedObject): string | undefined {
  if (!sound) return WRONG_HASH;
  if (entry.kind !== 'tree' && entry.kind !== 'listing') return undefined;
  if (!bytes) return 'it is longer than any node';
  try {
    const name = uncutEntry(decodeNode(bytes, entry.id));
    return name === undefined ? undefined : `it goes on behind ${JSON.stringify(name)}, where a node ends`;
  } catch (error) {
    if (error instanceof OcrpipeError) return error.message;
    throw error;
  }
}

function checkBlob(fd: number, file: StoreFile, { report, watch }: Parameters<Check>[2]): void {
  const hash = createHash('sha256');
  const slab = Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES, report.bytes + 1));
  for (let at = 0; ;) {
    if (watch.stopped()) return;
    const read = readSync(fd, slab, 0, slab.length, at);
    if (read === 0) break;
    hash.update(slab.subarray(0, read));
    at += read;
    watch.onBytes(read);
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
