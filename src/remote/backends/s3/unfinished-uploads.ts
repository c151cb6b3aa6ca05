import type { ListMultipartUploadsCommandOutput, MultipartUpload } from '@aws-sdk/client-s3';
import { OcrpipeError } from '../../../base/errors.js';
import { FOLDERS, objectOfKey } from '../../../store/format.js';
import { eachInParallel } from '../../parallel.js';
import type { Unfinished } from '../remote.js';
import { isTemporaryName, TEMPORARY_FOLDER } from '../temporary-names.js';
import { answered, named } from './s3-errors.js';
import { partsOf, type Requests } from './s3-multipart.js';

/** Where to look, and by what. */
export interface UnfinishedSource extends Requests {
  bucket: string;
  /** '' or a path that ends with '/'. */
  prefix: string;
  /** The server's clock. */
  now: () => Promise<Date>;
}

/** Uploads whose parts are listed at once. */
const LISTED_AT_ONCE = 8;
/** Of an object of a probe, which is no upload in parts. */
const NO_UPLOAD = '';

/**
 * Uploads in parts of large objects below the prefix, and objects of probes; undefined where the server knows no such listing. What
 * other programs upload there is not named.
 */
export async function unfinishedUploads(source: UnfinishedSource): Promise<Unfinished[] | undefined> {
  const uploads = await listUploads(source);
  if (uploads === undefined) return undefined;
  const found = await probesLeft(source);
  const now = await source.now();
  await eachInParallel(uploads, LISTED_AT_ONCE, async ({ Key = '', UploadId = '', Initiated = now }) => {
    const seen = await arrived(source, { key: Key, uploadId: UploadId });
    if (seen === undefined) return;
    const lastWritten = new Date(Math.max(Initiated.getTime(), seen.lastMs));
    found.push({ key: Key.slice(source.prefix.length), id: UploadId, bytes: seen.bytes, lastWritten });
  });
  return found;
}

/** False if it was completed, given up or gone on with since it was listed. */
export async function discardUnfinished(source: UnfinishedSource, one: Unfinished): Promise<boolean> {
  const { sdk, client, bucket, prefix } = source;
  const place = { Bucket: bucket, Key: prefix + one.key };
  if (one.id === NO_UPLOAD) {
    await source.send((how) => client.send(new sdk.DeleteObjectCommand(place), how));
    return true;
  }
  const seen = await arrived(source, { key: place.Key, uploadId: one.id });
  if (seen === undefined || seen.bytes !== one.bytes || seen.lastMs > one.lastWritten.getTime()) return false;
  const command = new sdk.AbortMultipartUploadCommand({ ...place, UploadId: one.id });
  try {
    await source.send((how) => client.send(command, how));
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** True if the failure of such a listing says that the server has none for this user: `translated` is what it means otherwise. */
export function isUnlisted(error: unknown, translated: unknown): boolean {
  if (named(error, 'NoSuchBucket')) return false;
  const isRefused = translated instanceof OcrpipeError && REFUSED.has(translated.code);
  return isRefused || [404, 405, 501].some((status) => answered(error, status));
}

const REFUSED = new Set(['remote-denied', 'remote-failed']);

async function listUploads(source: UnfinishedSource): Promise<MultipartUpload[] | undefined> {
  const { sdk, client, bucket, prefix } = source;
  const place = { Bucket: bucket, Prefix: `${prefix}${FOLDERS.objects}/` };
  const found: MultipartUpload[] = [];
  let from: Marker | undefined = {};
  while (from !== undefined) {
    const command = new sdk.ListMultipartUploadsCommand({ ...place, ...from });
    const page = await source.send((how) => client.send(command, how));
    // What does not know the question lists objects instead.
    if (page.Bucket === undefined && page.MaxUploads === undefined) return undefined;
    found.push(...(page.Uploads ?? []).filter(({ Key }) => isLargeObject(Key, prefix)));
    from = nextMarker(page);
  }
  return found;
}

type Marker = Pick<ListMultipartUploadsCommandOutput, 'KeyMarker' | 'UploadIdMarker'>;

function nextMarker(page: ListMultipartUploadsCommandOutput): Marker | undefined {
  const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
  if (page.IsTruncated !== true || KeyMarker === undefined || KeyMarker === '') return undefined;
  return { KeyMarker, ...(UploadIdMarker !== undefined && { UploadIdMarker }) };
}

function isLargeObject(key: string | undefined, prefix: string): boolean {
  return key?.startsWith(prefix) === true && objectOfKey(key.slice(prefix.length)) !== undefined;
}

async function probesLeft(source: UnfinishedSource): Promise<Unfinished[]> {
  const { sdk, client, bucket, prefix } = source;
  const folder = `${prefix}${TEMPORARY_FOLDER}/`;
  const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: folder });
  const { Contents = [] } = await source.send((how) => client.send(command, how));
  return Contents.flatMap(({ Key, Size = 0, LastModified }) => {
    if (Key === undefined || LastModified === undefined) return [];
    if (!isTemporaryName(Key.slice(folder.length))) return [];
    return [{ key: Key.slice(prefix.length), id: NO_UPLOAD, bytes: Size, lastWritten: LastModified }];
  });
}

/** What the server has of an upload, and when the last of it came (milliseconds, 0 for nothing); undefined if the upload is gone. */
async function arrived(
  source: UnfinishedSource,
  { key, uploadId }: { key: string; uploadId: string },
): Promise<{ bytes: number; lastMs: number } | undefined> {
  try {
    const place = { Bucket: source.bucket, Key: key };
    const parts = [...(await partsOf({ ...source, place }, uploadId)).values()];
    return {
      bytes: parts.reduce((sum, { Size = 0 }) => sum + Size, 0),
      lastMs: Math.max(0, ...parts.map(({ LastModified }) => LastModified?.getTime() ?? 0)),
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return named(error, 'NoSuchUpload');
}
