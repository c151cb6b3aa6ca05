import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { NodeKind } from '../format.js';
import { NodeScan, type NamedNode } from '../node-scan.js';
import type { ObjectReader } from '../object-reader.js';
import { MAX_TREE_FILES } from '../tree-format.js';
import { MAX_TREE_DEPTH } from '../tree-reader.js';

/** A reader that finds files by the raw bytes of their ids. */
export interface RawReader extends ObjectReader {
  /** The same as `has` of the blob whose id stands in `raw` at `at`. */
  hasFileAt(raw: Buffer, at: number, size: number): boolean;
}

/** A node to look at, and what is said of it where it is named. */
interface Ref {
  kind: NodeKind;
  id: ContentId;
  says?: NamedNode;
  /** Of a node that stands below another of the same directory. */
  level?: number;
}

/**
 * Says of directories whether all that they need is there, and no more: most often it is. It reads nodes in their raw bytes, which
 * takes a fraction of what finding the places of all that is missing does.
 */
export class WholeWalk {
  readonly #reader: RawReader;
  readonly #scan = new NodeScan();
  /** Nodes that are there with all that is below them, or are being looked at. */
  readonly #seen = new Set<string>();

  constructor(reader: RawReader) {
    this.#reader = reader;
  }

  /** False if anything at or below the node is missing, damaged or not what it is said to be. */
  isWhole(kind: NodeKind, id: ContentId): boolean {
    return this.#look({ kind, id }, 0);
  }

  #look(ref: Ref, depth: number): boolean {
    const name = ref.kind + ref.id;
    if (this.#seen.has(name)) return true;
    const below = depth > MAX_TREE_DEPTH ? undefined : this.#nodesBelow(ref);
    if (below === undefined) return false;
    this.#seen.add(name);
    return below.every((each) => this.#look(each, depth + 1));
  }

  /** Undefined if something is wrong with the node, or a file of it is missing. */
  #nodesBelow(ref: Ref): Ref[] | undefined {
    const { kind, id } = ref;
    const scan = this.#scan;
    const raw = this.#read(kind, id);
    if (raw === undefined || !scan.read(raw) || !isAsSaid(scan, ref)) return undefined;
    const hasFile = (bytes: Buffer, at: number, size: number): boolean =>
      this.#reader.hasFileAt(bytes, at, size);
    if (kind === 'tree' && !scan.everyFile(hasFile)) return undefined;
    return scan.nodes().map((says) => {
      return { kind, id: says.id, says, ...(says.last !== undefined && { level: scan.level - 1 }) };
    });
  }

  #read(kind: NodeKind, id: ContentId): Buffer | undefined {
    try {
      return this.#reader.has(kind, id) ? this.#reader.read(kind, id) : undefined;
    } catch (error) {
      if (error instanceof OcrpipeError) return undefined;
      throw error;
    }
  }
}

/** The same that `readNode` and `readChild` ask for. */
function isAsSaid(scan: NodeScan, { says, level }: Ref): boolean {
  const { files, bytes } = scan;
  if (files > MAX_TREE_FILES || !Number.isSafeInteger(bytes)) return false;
  if (says === undefined) return true;
  if (files !== says.files || bytes !== says.bytes) return false;
  return level === undefined || (scan.level === level && scan.last === says.last);
}
