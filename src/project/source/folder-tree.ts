import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { byteNameOfText, type ByteName } from '../../store/byte-name.js';
import type { StoreWriter } from '../../store/store-writer.js';
import { TreeBuilder, type TreeSummary } from '../../store/tree-builder.js';
import type { TreeEntry } from '../../store/tree-format.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { FolderObject } from './folder-memory.js';

/** A folder by the names in it; `object` where it is a file. */
interface Place {
  object?: FolderObject;
  names: Map<ByteName, Place>;
}

/**
 * Lays the objects of a folder out as files: '/' in a key parts folders. Throws `object-name-refused` (exit code 2) for a key that no file
 * can have here. What is returned stores the directory, once the content id of each object is known.
 */
export function folderTree(
  url: string,
  objects: readonly FolderObject[],
): (idOf: (object: FolderObject) => ContentId, writer: StoreWriter) => Snapshot {
  const top: Place = { names: new Map() };
  for (const object of objects) enter(top, object, url);
  return (idOf, writer) => {
    const { id, bytes, files } = store(top, idOf, writer);
    return { id, kind: 'directory', size: bytes, files };
  };
}

function enter(top: Place, object: FolderObject, url: string): void {
  let at = top;
  for (const part of object.path.split('/')) {
    if (at.object !== undefined) throw refused(url + object.path, `${url + at.object.path} is a file`);
    const name = checkedName(part, url + object.path);
    const next = at.names.get(name) ?? { names: new Map<ByteName, Place>() };
    at.names.set(name, next);
    at = next;
  }
  if (at.names.size > 0) throw refused(url + object.path, 'there are objects below it');
  at.object = object;
}

function checkedName(part: string, shown: string): ByteName {
  try {
    return byteNameOfText(part);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    throw refused(shown, error.message);
  }
}

function store(place: Place, idOf: (object: FolderObject) => ContentId, writer: StoreWriter): TreeSummary {
  const builder = new TreeBuilder((node) => writer.putTree(node, 'tree'));
  for (const [name, each] of [...place.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    builder.add(entryOf(name, each, { idOf, writer }));
  }
  return builder.finish();
}

function entryOf(
  name: ByteName,
  place: Place,
  { idOf, writer }: { idOf: (object: FolderObject) => ContentId; writer: StoreWriter },
): TreeEntry {
  const { object } = place;
  if (object === undefined) return { kind: 'directory', name, ...store(place, idOf, writer) };
  return { kind: 'file', name, executable: false, size: object.size, id: idOf(object) };
}

function refused(shown: string, reason: string): OcrpipeError {
  return userError('object-name-refused', `${JSON.stringify(shown)} cannot be a file here: ${reason}`, {
    hint: 'Rename the object, or import those beside it by themselves.',
  });
}
