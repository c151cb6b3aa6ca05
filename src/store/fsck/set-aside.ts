import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import { FOLDERS } from '../format.js';
import { LooseObjects } from '../loose-objects.js';
import { PACK_SALT_BYTES, type PackEntry } from '../pack-format.js';
import { readPackTable } from '../pack-reader.js';
import { PackShelf } from '../pack-shelf.js';
import { PackWriter } from '../pack-writer.js';
import { quarantineFile, quarantineObject, quarantinePack } from '../quarantine.js';
import { createStoreFolder } from '../store-folder.js';
import { namePack, type WriterTarget } from '../store-writer.js';
import { Trash } from '../trash.js';
import { readEntry } from '../verify-pack.js';
import { checkFile } from './check-file.js';
import type { Finding, StoreFile } from './finding.js';
import { recoverPack } from './recover-pack.js';

/**
 * Moves the files in which a check found damage to `quarantine/`, after what is sound in a pack was written to a new one. Each is
 * looked at again first: what is sound by now stays. Nothing is deleted. Returns the files that were damaged in their
 * frame alone, so that no object of them is lost.
 */
export function setAside(
  root: string,
  findings: readonly Finding[],
  files: readonly StoreFile[],
): ReadonlySet<string> {
  const trash = new Trash(root);
  const target: WriterTarget = {
    root,
    shelf: new PackShelf(root, trash),
    loose: new LooseObjects(root, trash, () => undefined),
  };
  const whole = new Set<string>();
  for (const file of files) {
    const own = findings.filter(({ where }) => where === file.file);
    if (own.length > 0 && setFileAside(target, file, own) === 'whole') whole.add(file.file);
  }
  target.shelf.close();
  for (const { object, where } of findings) {
    if (object.kind === 'format' && renewFormat(root, where)) whole.add(where);
  }
  return whole;
}

type Outcome = 'whole' | 'done';

function setFileAside(target: WriterTarget, file: StoreFile, findings: readonly Finding[]): Outcome {
  const { root } = target;
  try {
    if (file.what === 'pack') return setPackAside(target, file, findings);
    if (file.what === 'blob') quarantineObject(root, file.file, file.id);
    else quarantineFile(root, file.file, () => isSound(file));
  } catch (error) {
    // What cannot be read or moved stays where it is, and is reported again.
    if (systemErrorCode(error) === undefined) throw error;
  }
  return 'done';
}

function isSound(file: StoreFile): boolean {
  return checkFile(file, { stopped: () => false, onBytes: () => undefined }).findings.length === 0;
}

function setPackAside(target: WriterTarget, { file, id }: StoreFile, findings: readonly Finding[]): Outcome {
  const table = tableOf(file, id);
  if (table === 'gone') return 'done';
  if (table === undefined) return replaceFrame(target, { file, id });
  const bad = new Set(findings.map(({ object }) => object.kind + object.id));
  const unwanted = (entry: PackEntry): boolean => bad.has(entry.kind + entry.id);
  quarantinePack(target.root, { file, table, unwanted }, (sound) => {
    namePack(target, sound);
  });
  return 'done';
}

/** Undefined if it cannot be read. */
function tableOf(file: string, id: ContentId) {
  let fd: number;
  try {
    fd = openSync(file, READ_AT_ONCE);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    return readPackTable(fd, file, id);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What is sound in a pack without a sound frame goes to a new pack, under a name of its own. */
function replaceFrame(target: WriterTarget, { file, id }: { file: string; id: ContentId }): Outcome {
  const state: { whole: boolean } = { whole: false };
  quarantineFile(target.root, file, (fd) => {
    const { objects, whole } = recoverPack(fd, id);
    state.whole = whole;
    if (objects.length === 0) return false;
    const writer = new PackWriter(join(target.root, FOLDERS.tmp), randomBytes(PACK_SALT_BYTES));
    try {
      for (const entry of objects) writer.add(entry.kind, entry.id, readEntry(fd, entry));
      namePack(target, writer.seal());
    } finally {
      writer.abort();
    }
    return false;
  });
  return state.whole ? 'whole' : 'done';
}

/** A store without a name gets a new one: nothing in it depends on that. */
function renewFormat(root: string, file: string): boolean {
  quarantineFile(root, file, () => false);
  createStoreFolder(root);
  return true;
}
