import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Part, S3Client } from '@aws-sdk/client-s3';
import { readingSource } from './upload-source.js';
import type { OcrpipeError } from '../../../base/errors.js';
import type { BufferPool } from '../../../base/buffer-pool.js';
import type { PutOptions } from '../remote.js';
import type { S3Module } from './s3-client.js';
import { answered } from './s3-errors.js';
import type { RequestFields } from './s3-options.js';

const MIN_PART_BYTES = 16 * 1024 * 1024;
const MAX_PARTS = 9_000;
const MIB = 1024 * 1024;
/** Parts of all uploads of one remote that are on their way at once: each is held in memory. */
export const PARTS_IN_FLIGHT = 4;

/** Part size of an object: a function of its size alone, so that any client can continue another's upload. Bytes. */
function partSizeOf(size: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

/** How a remote makes requests of its own kind. */
export interface Requests {
  sdk: S3Module;
  client: S3Client;
  /** Sends one request and counts it; `sentBytes` is the length of its body. */
  send<T>(request: (how: { abortSignal?: AbortSignal }) => Promise<T>, sentBytes?: number): Promise<T>;
  fields: RequestFields;
}

/** What an upload in parts needs of the remote that makes it. */
export interface PartsUpload extends Requests {
  place: { Bucket: string; Key: string };
  /** Let the server keep a SHA-256 of each part. */
  checksums: boolean;
  /** What parts are read into. */
  buffers: BufferPool;
  /** A body that goes no faster than it may. */
  paced: (bytes: Buffer) => Buffer | Readable;
  body: { file: string; size: number };
  options: PutOptions;
  /** The error for bytes that are not those of `options.sha256`. */
  damaged: () => OcrpipeError;
}

interface FinishedPart {
  PartNumber: number;
  ETag: string;
  ChecksumSHA256?: string;
}

/**
 * Uploads a file in parts of fixed size and completes it only if the SHA-256 of everything that was read is the one
 * promised: S3's own checksum of such an object covers the parts' checksums, not the bytes. An upload of the same key that
 * broke off is continued: the server knows its parts, so nothing need be kept here.
 */
export async function uploadInParts(upload: PartsUpload): Promise<void> {
  const { sdk, client, place, options } = upload;
  const begun = await unfinishedUpload(upload);
  const uploadId = begun?.uploadId ?? (await startUpload(upload));
  const parts = await sendParts(upload, uploadId, begun?.parts ?? new Map<number, Part>());
  await upload.send((how) =>
    client.send(
      new sdk.CompleteMultipartUploadCommand({
        ...place,
        ...upload.fields.read,
        UploadId: uploadId,
        MultipartUpload: { Parts: parts },
        ...(options.ifNoneMatch === true && { IfNoneMatch: '*' }),
      }),
      how,
    ),
  );
}

async function startUpload(upload: PartsUpload): Promise<string> {
  const { sdk, client, place, fields } = upload;
  const command = new sdk.CreateMultipartUploadCommand({
    ...{ ...place, ...fields.write },
    ChecksumAlgorithm: 'SHA256',
  });
  const started = await upload.send((how) => client.send(command, how));
  return started.UploadId ?? '';
}

/** The newest unfinished upload of this key with its parts. A user who may not list uploads starts afresh. */
async function unfinishedUpload(
  upload: PartsUpload,
): Promise<{ uploadId: string; parts: Map<number, Part> } | undefined> {
  const { sdk, client, place } = upload;
  try {
    const { Uploads } = await upload.send((how) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket: place.Bucket, Prefix: place.Key }), how),
    );
    const own = (Uploads ?? []).filter(({ Key }) => Key === place.Key);
    own.sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0));
    const uploadId = own[0]?.UploadId;
    return uploadId === undefined ? undefined : { uploadId, parts: await partsOf(upload, uploadId) };
  } catch (error) {
    if (answered(error, 403) || answered(error, 404) || answered(error, 501)) return undefined;
    throw error;
  }
}

/** The parts of an upload that the server has, by number. Throws what the SDK throws. */
export async function partsOf(
  upload: Requests & Pick<PartsUpload, 'place'>,
  uploadId: string,
): Promise<Map<number, Part>> {
  const { sdk, client, place, fields } = upload;
  const parts = new Map<number, Part>();
  let marker: string | undefined;
  do {
    const page = await upload.send((how) =>
      client.send(
        new sdk.ListPartsCommand({
          ...{ ...place, ...fields.read },
          UploadId: uploadId,
          ...(marker !== undefined && { PartNumberMarker: marker }),
        }),
        how,
      ),
    );
    for (const part of page.Parts ?? []) parts.set(part.PartNumber ?? 0, part);
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return parts;
}

/** Reads the file once from start to end, sending each part that the server has not. */
async function sendParts(
  upload: PartsUpload,
  uploadId: string,
  there: ReadonlyMap<number, Part>,
): Promise<FinishedPart[]> {
  const { size } = upload.body;
  const partSize = partSizeOf(size);
  const whole = createHash('sha256');
  const finished: Promise<FinishedPart>[] = [];
  const file = await readingSource(() => open(upload.body.file, 'r'));
  const failure = { met: false };
  const send = (number: number, at: number): Promise<void> =>
    new Promise((isRead) => {
      const length = Math.min(partSize, size - at);
      const readAndSend = async (bytes: Buffer): Promise<FinishedPart> => {
        await readPart(file, at, bytes, upload);
        whole.update(bytes);
        isRead();
        return sendPart(upload, uploadId, { number, bytes, there: there.get(number) });
      };
      const sent = upload.buffers.use(length, readAndSend, upload.options.signal);
      finished.push(sent);
      // The failure itself is taken up below.
      sent.catch(() => {
        failure.met = true;
        isRead();
      });
    });
  try {
    for (let number = 1, at = 0; at < size && !failure.met; number += 1, at += partSize) {
      await send(number, at);
    }
    const parts = await Promise.all(finished);
    if (whole.digest('hex') !== upload.options.sha256) throw upload.damaged();
    return parts;
  } finally {
    // Parts on their way use their own buffers: only the file must not outlive this call.
    await Promise.allSettled(finished);
    await file.close();
  }
}

async function readPart(file: FileHandle, at: number, bytes: Buffer, upload: PartsUpload): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw upload.damaged();
    done += bytesRead;
  }
}

async function sendPart(
  upload: PartsUpload,
  uploadId: string,
  part: { number: number; bytes: Buffer; there: Part | undefined },
): Promise<FinishedPart> {
  const { sdk, client, place } = upload;
  const { number, bytes, there } = part;
  const checksum = createHash('sha256').update(bytes).digest('base64');
  const known = upload.checksums ? { ChecksumSHA256: checksum } : {};
  if (there?.ETag !== undefined && isSamePart(there, bytes, checksum)) {
    return { PartNumber: number, ETag: there.ETag, ...known };
  }
  const answer = await upload.send(
    (how) =>
      client.send(
        new sdk.UploadPartCommand({
          ...place,
          ...upload.fields.read,
          UploadId: uploadId,
          PartNumber: number,
          Body: upload.paced(bytes),
          ContentLength: bytes.length,
          ...(!upload.checksums && { ContentMD5: createHash('md5').update(bytes).digest('base64') }),
          ChecksumSHA256: checksum,
        }),
        how,
      ),
    bytes.length,
  );
  return { PartNumber: number, ETag: answer.ETag ?? '', ...known };
}

/** True if a part that the server has is this one: by its SHA-256, or by the MD5 that most servers give as ETag. */
function isSamePart(there: Part, bytes: Buffer, checksum: string): boolean {
  if (there.Size !== bytes.length) return false;
  if (there.ChecksumSHA256 !== undefined) return there.ChecksumSHA256 === checksum;
  return there.ETag?.replaceAll('"', '') === createHash('md5').update(bytes).digest('hex');
}
