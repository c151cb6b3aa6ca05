import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { unlessAborted } from '../../../base/unless-aborted.js';
import { BufferPool } from '../../../base/buffer-pool.js';
import { isContentId, type ContentId } from '../../../base/content-id.js';
import {
  bodySize,
  noTraffic,
  WHOLE_BYTES,
  type Described,
  type Download,
  type GetOptions,
  type Listed,
  type PutOptions,
  type Remote,
  type Unfinished,
  type UploadBody,
  type VersionOptions,
} from '../remote.js';
import { damagedUpload, rangeRefused, remoteChanged, remoteInterrupted } from '../remote-errors.js';
import { attempt, DEFAULT_RETRY } from '../attempts.js';
import { modifying, type Correction } from '../correction.js';
import type { Trust } from './lean-read.js';
import { readLeanly } from './read-leanly.js';
import { downloadOf } from './s3-download.js';
import { openS3Client, type OpenedS3, type S3Module, type S3Settings } from './s3-client.js';
import { answered, mayPass, named, notS3, refuseBucketName, translateS3Error } from './s3-errors.js';
import type { S3Address } from './s3-address.js';
import { requestFields, type RequestFields } from './s3-options.js';
import { dateOf } from './server-date.js';
import { READ_BYTES, readingSource, UnreadableSource, withUploadSource } from './upload-source.js';
import { PARTS_IN_FLIGHT, uploadInParts } from './s3-multipart.js';
import {
  discardUnfinished,
  isUnlisted,
  unfinishedUploads,
  type UnfinishedSource,
} from './unfinished-uploads.js';

/** Bodies that are worth a connection of their own. */
const LEAN_BYTES = 1024 * 1024;
/** One part that fails must not begin the whole again; one that goes on failing is left to who asked for the whole. */
const PART_RETRY = { ...DEFAULT_RETRY, attempts: 3 };

type Signal = { signal?: AbortSignal | undefined };

/** A bucket, or the part of one below a prefix, of any S3 server. */
export class S3Remote implements Remote {
  readonly traffic = noTraffic();
  readonly capabilities = { conditionalCreate: true };
  readonly where: string;
  readonly #settings: S3Settings;
  readonly #address: S3Address;
  readonly #sdk: S3Module;
  readonly #client: S3Client;
  readonly #trust: Trust;
  readonly #fields: RequestFields;
  readonly #checksums: boolean;
  readonly #parts = new BufferPool(PARTS_IN_FLIGHT);
  /** The server's clock as its last answer gave it, and when that was by a clock that only runs forward. */
  #clock: { server: number; at: number } | undefined;

  private constructor(settings: S3Settings, correct: Correction, opened: OpenedS3) {
    const { bucket, prefix, endpoint, profile, pathStyle, anonymous } = settings;
    this.#settings = settings;
    this.where = `s3://${bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`;
    this.#address = { bucket, where: this.where, endpoint, profile, pathStyle, anonymous, correct };
    this.#sdk = opened.sdk;
    this.#client = opened.client;
    this.#trust = opened.trust;
    this.#fields = requestFields(settings);
    this.#checksums = settings.withoutChecksums !== true;
    this.#watchClock();
  }

  /** Loads the SDK; sends nothing. */
  static async open(settings: S3Settings, correct: Correction = modifying()): Promise<S3Remote> {
    refuseBucketName(settings, correct);
    return new S3Remote(settings, correct, await openS3Client(settings));
  }

  async list(prefix: string, options: Signal & { etags?: boolean } = {}): Promise<Listed[]> {
    const found: Listed[] = [];
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, token, options);
      for (const { Key, Size, ETag } of page.Contents ?? []) {
        if (Key?.startsWith(this.#settings.prefix) !== true || Key.endsWith('/')) continue;
        const etag = options.etags === true ? ETag : undefined;
        const key = Key.slice(this.#settings.prefix.length);
        found.push({ key, size: Size ?? 0, ...(etag !== undefined && { etag }) });
      }
      token = this.#nextPage(page);
    } while (token !== undefined);
    return found;
  }

  async get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    const { range, ifMatch, version } = options;
    const { where, traffic } = this;
    const { pace } = this.#settings;
    try {
      const command = new this.#sdk.GetObjectCommand({
        ...this.#place(key),
        ...this.#fields.read,
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
        ...(ifMatch !== undefined && { IfMatch: ifMatch }),
        ...(version !== undefined && { VersionId: version }),
      });
      const wanted = range === undefined ? 0 : range.end - range.start;
      if (wanted >= LEAN_BYTES && pace === undefined) readLeanly(command, { ...options, trust: this.#trust });
      const answer = await this.#send(options, (how) => this.#client.send(command, how));
      return downloadOf(answer, { key, where, traffic, pace, ...options }) ?? this.#noBody();
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      if (answered(error, 412)) throw remoteChanged(this.where, key);
      if (answered(error, 416)) throw rangeRefused(this.where, key);
      throw this.#translated(error, options);
    }
  }

  async describe(key: string, options: VersionOptions = {}): Promise<Described | undefined> {
    try {
      const answer = await this.#send(options, (how) =>
        this.#client.send(
          new this.#sdk.HeadObjectCommand({
            ...this.#place(key),
            ...this.#fields.read,
            ...(this.#checksums && { ChecksumMode: 'ENABLED' }),
            ...(options.version !== undefined && { VersionId: options.version }),
          }),
          how,
        ),
      );
      const sha256 = idOfChecksum(answer.ChecksumSHA256);
      const { ContentLength: size = 0, ETag: etag = '', VersionId: version } = answer;
      return { size, etag, ...(sha256 && { sha256 }), ...(isVersion(version) && { version }) };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      // An answer to HEAD has no body to say why in: a read of the same object is refused for the same reason, and says it.
      if (answered(error, 400) || answered(error, 403)) await this.#readNothing(key, options);
      throw this.#translated(error, options);
    }
  }

  async put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    try {
      if ('file' in body && body.size > WHOLE_BYTES) await this.#putInParts(key, body, options);
      else await this.#putWhole(key, body, options);
      return 'created';
    } catch (error) {
      if (error instanceof UnreadableSource) throw error.cause;
      if (named(error, 'NoSuchUpload')) return await this.#afterLostUpload(key, body, options);
      if (answered(error, 412)) return 'exists';
      if (answered(error, 409) && (await this.describe(key, options)) !== undefined) return 'exists';
      if (named(error, 'BadDigest') || named(error, 'XAmzContentSHA256Mismatch')) {
        throw damagedUpload(this.where, key);
      }
      throw this.#translated(error, options);
    }
  }

  async delete(key: string, options: Signal = {}): Promise<void> {
    try {
      await this.#send(options, (how) =>
        this.#client.send(new this.#sdk.DeleteObjectCommand(this.#place(key)), how),
      );
    } catch (error) {
      throw this.#translated(error, options);
    }
  }

  async unfinished(options: Signal = {}): Promise<Unfinished[] | undefined> {
    try {
      return await unfinishedUploads(this.#uploads(options));
    } catch (error) {
      const translated = this.#translated(error, options);
      if (isUnlisted(error, translated)) return undefined;
      throw translated;
    }
  }

  async discard(one: Unfinished, options: Signal = {}): Promise<boolean> {
    try {
      return await discardUnfinished(this.#uploads(options), one);
    } catch (error) {
      throw this.#translated(error, options);
    }
  }

  /** The clock of the last answer and what passed since; asks the server only if it was never heard. */
  async now(options: Signal = {}): Promise<Date> {
    if (this.#clock === undefined) await this.describe('format.json', options);
    const clock = this.#clock;
    if (clock === undefined) throw notS3(this.#address);
    return new Date(clock.server + (performance.now() - clock.at));
  }

  close(): void {
    this.#client.destroy();
  }

  #uploads(options: Signal): UnfinishedSource {
    const { bucket, prefix } = this.#settings;
    const own = { sdk: this.#sdk, client: this.#client, fields: this.#fields };
    const send: UnfinishedSource['send'] = (request) => this.#send(options, request);
    return { ...own, bucket, prefix, send, now: () => this.now(options) };
  }

  #place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: this.#settings.prefix + key };
  }

  /** One request, counted. Throws what the SDK throws: callers look for the answers they expect, then translate. */
  async #send<T>(options: Signal, send: (how: { abortSignal?: AbortSignal }) => Promise<T>): Promise<T> {
    options.signal?.throwIfAborted();
    // Every request under way listens to the one signal of the command: many are no leak.
    if (options.signal) setMaxListeners(0, options.signal);
    this.traffic.requests += 1;
    // Credentials are looked for before the SDK minds the signal.
    return unlessAborted(options.signal, send(options.signal ? { abortSignal: options.signal } : {}));
  }

  #translated(error: unknown, options: Signal): unknown {
    return translateS3Error(error, this.#address, options.signal);
  }

  async #listPage(
    prefix: string,
    token: string | undefined,
    options: Signal,
  ): Promise<ListObjectsV2CommandOutput> {
    try {
      const page = await this.#send(options, (how) =>
        this.#client.send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: this.#settings.bucket,
            Prefix: this.#settings.prefix + prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          how,
        ),
      );
      if (page.Name === undefined && page.KeyCount === undefined) throw notS3(this.#address);
      return page;
    } catch (error) {
      throw this.#translated(error, options);
    }
  }

  /** The token of the page that follows, if one does. A page that is not whole must not pass for all that there is. */
  #nextPage({
    IsTruncated,
    NextContinuationToken,
    KeyCount,
    Contents,
  }: ListObjectsV2CommandOutput): string | undefined {
    const cut = KeyCount !== undefined && KeyCount !== (Contents?.length ?? 0);
    if (cut || (IsTruncated === true && NextContinuationToken === undefined)) {
      throw remoteInterrupted(this.where, 'the listing broke off');
    }
    return IsTruncated === true ? NextContinuationToken : undefined;
  }

  #noBody(): never {
    throw notS3(this.#address);
  }

  async #readNothing(key: string, options: VersionOptions): Promise<void> {
    for await (const chunk of (await this.get(key, options))?.body ?? []) if (chunk.length > 0) return;
  }

  /** What the service checks an upload by that knows no other checksum; made only of the bytes that are promised. */
  async #md5Of(key: string, body: UploadBody, { sha256 }: PutOptions): Promise<string> {
    const [md5, sha] = [createHash('md5'), createHash('sha256')];
    await readingSource(async () => {
      const chunks =
        'bytes' in body ? [body.bytes] : createReadStream(body.file, { highWaterMark: READ_BYTES });
      for await (const chunk of chunks as AsyncIterable<Uint8Array>)
        for (const hash of [md5, sha]) hash.update(chunk);
    });
    if (sha.digest('hex') !== sha256) throw damagedUpload(this.where, key);
    return md5.digest('base64');
  }

  async #putWhole(key: string, body: UploadBody, options: PutOptions): Promise<void> {
    const md5 = this.#checksums ? undefined : await this.#md5Of(key, body, options);
    const send = (bytes: Uint8Array | Readable, { signal }: Signal): Promise<unknown> =>
      this.#send({ signal }, (how) =>
        this.#client.send(
          new this.#sdk.PutObjectCommand({
            ...this.#place(key),
            ...this.#fields.write,
            Body: this.#paced(bytes, options),
            ContentLength: bodySize(body),
            ...(md5 !== undefined && { ContentMD5: md5 }),
            ChecksumSHA256: Buffer.from(options.sha256, 'hex').toString('base64'),
            ...(options.ifNoneMatch === true && { IfNoneMatch: '*' }),
          }),
          how,
        ),
      );
    if ('bytes' in body) await send(body.bytes, options);
    else {
      const source = { ...body, damaged: () => damagedUpload(this.where, key) };
      await withUploadSource(source, options.signal, (stream, signal) => send(stream, { signal }));
    }
    this.traffic.sentBytes += bodySize(body);
  }

  /** What is sent, as fast as it may go. */
  #paced<Body extends Uint8Array | Readable>(body: Body, { signal }: Signal): Body | Readable {
    const { pace } = this.#settings;
    if (pace === undefined) return body;
    const chunks = body instanceof Uint8Array ? [body] : (body as AsyncIterable<Uint8Array>);
    // Who sends it says what went wrong; nobody else listens.
    return Readable.from(pace.stream(chunks, signal), { objectMode: false }).on('error', () => undefined);
  }

  /** An upload is gone when it was completed and the answer to that got lost, or when somebody gave it up: then it begins anew. */
  async #afterLostUpload(key: string, body: UploadBody, options: PutOptions): Promise<'exists'> {
    const there = options.ifNoneMatch === true ? await this.describe(key, options) : undefined;
    if (there?.size === bodySize(body)) return 'exists';
    throw remoteInterrupted(this.where, 'an upload in parts is gone');
  }

  async #putInParts(key: string, body: { file: string; size: number }, options: PutOptions): Promise<void> {
    await uploadInParts({
      sdk: this.#sdk,
      client: this.#client,
      send: async (request, sentBytes = 0) => {
        const answer = await attempt(PART_RETRY, {
          request: () => this.#send(options, request),
          mayPass: (error) => mayPass(error, this.#address, options.signal),
          signal: options.signal,
        });
        this.traffic.sentBytes += sentBytes;
        return answer;
      },
      place: this.#place(key),
      fields: this.#fields,
      checksums: this.#checksums,
      buffers: this.#parts,
      paced: (bytes) => this.#paced(bytes, options),
      body,
      options,
      damaged: () => damagedUpload(this.where, key),
    });
  }

  /** Each answer's Date header is the server's clock. */
  #watchClock(): void {
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const date = dateOf(result.response);
        if (date !== undefined) this.#clock = { server: date, at: performance.now() };
        return result;
      },
      { step: 'deserialize', name: 'serverClock', priority: 'low' },
    );
  }
}

/** A 404 that is about the object: a missing bucket is another matter. */
function isMissingObject(error: unknown): boolean {
  return answered(error, 404) && !named(error, 'NoSuchBucket');
}

/** Objects from before a bucket kept versions have one called 'null', which the next write replaces. */
function isVersion(version: string | undefined): version is string {
  return version !== undefined && version !== '' && version !== 'null';
}

/** The SHA-256 of a whole object; undefined where the server keeps none, or one of parts ('…-3'). */
function idOfChecksum(checksum: string | undefined): ContentId | undefined {
  if (checksum === undefined || checksum.includes('-')) return undefined;
  const id = Buffer.from(checksum, 'base64').toString('hex');
  return isContentId(id) ? id : undefined;
}
