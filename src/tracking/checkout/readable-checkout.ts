import { OcrpipeError } from '../../base/errors.js';
import type { LinkType } from '../../base/link-type.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { textBelow } from '../byte-path.js';
import { hashingSink, NodeMemory } from '../scan/sinks.js';
import { scanPath } from '../scan/snapshot.js';
import type { CallOptions, Snapshot } from '../workspace-files.js';
import { checkOut, type CheckoutContext, type CheckoutRequest } from './checkout.js';
import { namesOf } from './checkout-plan.js';
import { isUnreadable, readableTree, type LostNames } from './readable-tree.js';

type Context = Omit<CheckoutContext, 'trees'>;
type Options = CallOptions & { links?: readonly LinkType[] };

/**
 * Like `checkOut`, and where the store has lost some of the listings of a directory, with all that the others name: of the rest
 * nothing is changed, and then `object-missing` or `object-damaged` is thrown, which says where names are lost.
 */
export async function checkOutReadable(
  context: Context,
  request: CheckoutRequest,
  options: Options = {},
): Promise<boolean> {
  try {
    return await checkOut({ ...context, trees: context.store }, request, options);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const part = await readablePart(context, request, options);
    if (part === undefined) throw error;
    throw namesLost(part, [error, ...(await failureOfPart(context, part, options))]);
  }
}

/** That of files whose bytes are lost as well. */
async function failureOfPart(
  context: Context,
  { request, trees }: ReadablePart,
  options: Options,
): Promise<OcrpipeError[]> {
  try {
    await checkOut({ ...context, trees }, request, options);
    return [];
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [error];
  }
}

interface ReadablePart {
  /** What was asked for, as far as listings can be read. */
  request: CheckoutRequest;
  /** Where those listings are read. */
  trees: ObjectReader;
  lost: readonly LostNames[];
}

/** Undefined if all listings of what is wanted can be read, or nothing of it. */
async function readablePart(
  context: Context,
  request: CheckoutRequest,
  options: Options,
): Promise<ReadablePart | undefined> {
  const { store, root, storeLinks } = context;
  const nodes = new NodeMemory();
  const isLink = storeLinks.stat(`${root}/${request.path}`)?.isSymbolicLink() === true;
  const there = isLink
    ? undefined
    : await scanPath(context, request.path, hashingSink({ node: nodes.sink }), options);
  const standing = there?.kind === 'directory' ? { reader: nodes, id: there.id } : undefined;
  const readable = (snapshot: Snapshot | undefined, lost: LostNames[]): Snapshot | undefined => {
    if (snapshot?.kind !== 'directory') return snapshot;
    const summary = readableTree({ reader: store, id: snapshot.id }, standing, {
      below: '',
      put: nodes.sink,
      lost,
    });
    return summary && { kind: 'directory', id: summary.id, files: summary.files, size: summary.bytes };
  };
  const lost: LostNames[] = [];
  const snapshot = readable(request.snapshot, lost);
  if (snapshot === undefined || lost.length === 0) return undefined;
  // One of which nothing can be read explains nothing of what is there.
  const [lastPut, begun] = [request.lastPut, request.begun].map((each) => readable(each, []) ?? each);
  return { request: { ...request, snapshot, lastPut, begun }, trees: inTurn(nodes, store), lost };
}

function inTurn(first: ObjectReader, second: ObjectReader): ObjectReader {
  return {
    has: (kind, id, size) => first.has(kind, id) || second.has(kind, id, size),
    read: (kind, id) => (first.has(kind, id) ? first : second).read(kind, id),
  };
}

/** The first of `causes` is that of the lost names themselves. Damage stays damage: who can gets the bytes anew. */
function namesLost(
  { request: { path, tracked }, lost }: ReadablePart,
  causes: readonly OcrpipeError[],
): OcrpipeError {
  const places = namesOf(lost.map((each) => lostText(path, each)));
  const message = `the store has lost which files there are ${places}; everything else of ${tracked} is in place`;
  return new OcrpipeError(
    causes.some(({ code }) => code === 'object-damaged') ? 'object-damaged' : 'object-missing',
    causes.length === 1 ? message : `${causes[1]!.message}; and ${message}`,
    { hint: `Get that from a remote with 'ocrpipe pull ${shellQuote(tracked)}'.`, cause: causes[0] },
  );
}

function lostText(path: RepoPath, { below, after, last }: LostNames): string {
  const folder = textBelow(path, below);
  if (last === undefined) return `in ${folder}`;
  const [from, to] = [after, last].map((name) =>
    name === undefined ? undefined : textBelow(path, below === '' ? name : `${below}/${name}`),
  );
  return from === undefined ? `in ${folder} up to ${to!}` : `behind ${from} up to ${to!}`;
}
