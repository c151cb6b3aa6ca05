import { userError, type Location, type OcrpipeError } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import type { Entry } from './format.js';
import { segmentsOf, type Found, type ImageIndex } from './image-index.js';
import { imagePaths } from './image-reference.js';
import { eachOf } from './problems.js';
import { shownName } from './shown-name.js';
import type { WalkedFile } from './walk.js';

/** Labels and where their images may be. */
export interface Matching {
  readonly entries: readonly Entry[];
  /** What entries without a usable label name: none of these images is free for another label. */
  readonly taken: readonly string[];
  readonly index: ImageIndex;
  /** The label file, for messages. */
  readonly file: string | undefined;
}

/** The image of one label. */
export interface Matched {
  readonly entry: Entry;
  readonly image: WalkedFile;
  /** What the label says instead of the path of the image, if it was found by the end of that alone. */
  readonly guessedFrom?: string;
  /** True if label and image are in folders of different names. */
  readonly doubtful: boolean;
}

/** A file that a reference may mean. */
interface Claim {
  readonly reference: string;
  readonly fit: number;
}

/**
 * The image of each label, in their order. The path itself always holds. An image found by the end of its path is taken
 * only if it is the one image that fits best and no other label, usable or not, fits it as well or better. Throws
 * (exit code 2) one error for all labels that get none: `image-missing`, `image-ambiguous`.
 */
export function matchImages(matching: Matching): Matched[] {
  const { entries, taken, index } = matching;
  const references = [...entries.flatMap((entry) => referenceOf(entry) ?? []), ...taken];
  const found = new Map([...new Set(references)].map((reference) => [reference, index.find(reference)]));
  const claims = claimsByFile(found);
  return eachOf(
    entries,
    (entry) => {
      const reference = referenceOf(entry);
      if ('file' in entry.image || reference === undefined) return matchedByFormat(entry);
      const one = { entry, reference, found: found.get(reference)! };
      return settle(one, (path) => claims.get(path) ?? [], matching);
    },
    'labels have no image that is surely theirs',
  );
}

/**
 * Who may mean each file, the best fit first. References that fit several files are left out: whatever fits only one of
 * these fits it by more.
 */
function claimsByFile(found: ReadonlyMap<string, Found>): Map<string, Claim[]> {
  const claims = [...found].flatMap(([reference, { files, fit }]) => {
    const [file, another] = files;
    return file === undefined || another !== undefined ? [] : [{ path: file.path, reference, fit }];
  });
  return groupBy(
    claims.sort((a, b) => b.fit - a.fit),
    ({ path }) => path,
  );
}

function referenceOf({ image }: Entry): string | undefined {
  return 'reference' in image ? image.reference : undefined;
}

function matchedByFormat(entry: Entry): Matched {
  const path = 'file' in entry.image ? entry.image.file : '';
  return { entry, image: { path, name: entry.name }, doubtful: false };
}

interface One {
  readonly entry: Entry;
  readonly reference: string;
  readonly found: Found;
}

function settle(one: One, claimsOn: (path: string) => readonly Claim[], matching: Matching): Matched {
  const { entry, reference, found } = one;
  const [image, another] = found.files;
  if (image === undefined) throw missing(one, matching);
  if (found.fit === Infinity) return { entry, image, doubtful: false };
  if (another !== undefined) throw severalImages(one, matching);
  const claims = claimsOn(image.path);
  const [best] = claims;
  if (best && best.fit > found.fit) {
    const other = best.reference === image.name ? '' : `, ${shownName(best.reference)}`;
    throw missing(one, matching, `; ${image.name} is that of another label${other}`);
  }
  const equal = claims.find((claim) => claim.fit === found.fit && !sameImage(claim.reference, reference));
  if (equal) throw severalLabels(one, equal.reference, matching);
  return { entry, image, guessedFrom: reference, doubtful: differAtFolder(reference, image) };
}

/** Two spellings of one address, such as two signatures of one URL. */
function sameImage(a: string, b: string): boolean {
  const paths = new Set(imagePaths(a));
  return imagePaths(b).some((path) => paths.has(path));
}

/** False if one path is the end of the other, or the label names an upload, which has no folder of the user's. */
function differAtFolder(reference: string, { name }: WalkedFile): boolean {
  if (/(?:^|\/)data\/upload\//.test(reference)) return false;
  const theirs = segmentsOf(imagePaths(reference).at(-1) ?? '').slice(0, -1);
  const ours = segmentsOf(name).slice(0, -1);
  return theirs.length > 0 && ours.length > 0 && theirs.at(-1) !== ours.at(-1);
}

function locationOf({ file }: Matching, { line }: Entry): { location?: Location } {
  if (file === undefined) return {};
  return { location: { file, ...(line === undefined ? {} : { line }) } };
}

/** The label, where it has another name than that of its image. */
function who({ entry, reference }: One): string {
  return entry.name === `'${reference}'` ? '' : `${shownName(entry.name)}: `;
}

function missing(one: One, matching: Matching, why = ''): OcrpipeError {
  const what = `${who(one)}no image found for ${shownName(one.reference)} in ${matching.index.folder}${why}`;
  return userError('image-missing', what, {
    ...locationOf(matching, one.entry),
    hint: 'Say where the images are with --images DIR.',
  });
}

function severalImages(one: One, matching: Matching): OcrpipeError {
  const [first, second] = one.found.files;
  const names = `${first?.name ?? ''} and ${second?.name ?? ''}`;
  return userError(
    'image-ambiguous',
    `${who(one)}${shownName(one.reference)} may be ${one.found.files.length} images, for example ${names}`,
    {
      ...locationOf(matching, one.entry),
      hint: 'Point --images DIR at the folder that holds the right ones only, or give the labels the paths of their images.',
    },
  );
}

function severalLabels(one: One, other: string, matching: Matching): OcrpipeError {
  const what = `${who(one)}${shownName(one.reference)} and ${shownName(other)} may both be ${one.found.files[0]?.name ?? ''}`;
  return userError('image-ambiguous', what, {
    ...locationOf(matching, one.entry),
    hint: 'Give the labels the paths of their images, or remove the labels whose image is not here.',
  });
}
