import { createHash } from 'node:crypto';
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { withoutQuery } from './file-address.js';

/** A broken body is asked for from where it ended so often. */
const ATTEMPTS = 5;
/** One version of a file behind an address, in the store. */
export interface UrlFile {
  snapshot: Snapshot;
  source: UrlSource;
}

interface Options {
  store: LocalStore;
  /** Where the bytes go, if not into the store; they stand in a file of its `tmp/`. */
  take?: (file: string, snapshot: Snapshot) => Promise<void>;
  events: EventSink;
  signal: AbortSignal;
  /** What was seen of it before: only something else is downloaded. */
  known?: UrlSource;
}

/**
 * Downloads a file over HTTP into the store; undefined if its server says that it is still the known one. A body that breaks off is continued
 * by range, as long as it is the same version. Throws `url-missing`, `url-denied` (exit code 2), `url-failed`, `url-unreachable`.
 */
export async function downloadUrl(url: URL, options: Options): Promise<UrlFile | undefined> {
  const { store } = options;
  const temporary = store.temporaryFile();
  const file = await open(temporary, 'wx');
  try {
    const source = await new Download(url, file, options).run();
    if (source === undefined) return undefined;
    await file.sync();
    return {
      snapshot: await keepDownloaded({ temporary, id: await hashOf(temporary) }, options),
      source,
    };
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

/** True if its server says that a file is still the known version, without sending it; undefined if it cannot tell. */
export async function isKnownVersion(
  url: URL,
  known: UrlSource,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    const answer = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'identity' }, signal });
    if (!answer.ok) return undefined;
    const now = sourceOf(url, answer.headers);
    if (known.etag !== undefined && now.etag !== undefined) return known.etag === now.etag;
    if (known.modified === undefined || now.modified === undefined) return undefined;
    return known.modified === now.modified;
  } catch (error) {
    signal.throwIfAborted();
    // Whoever asks for the whole file next is told why that does not work.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** A file that was downloaded into `tmp/`. */
export interface DownloadedFile {
  temporary: string;
  id: ContentId;
}

/** Takes what was downloaded, and flushed, over into the store; or has `take` bring it elsewhere, and removes it. */
export async function keepDownloaded(
  { temporary, id }: DownloadedFile,
  { store, take, signal }: Pick<Options, 'store' | 'take' | 'signal'>,
): Promise<Snapshot> {
  const { size } = await stat(temporary);
  if (take !== undefined) {
    await take(temporary, { id, kind: 'file', size });
    await rm(temporary, { force: true });
  } else if (size >= LARGE_BLOB_BYTES) {
    await store.adoptObject(temporary, id, { signal });
  } else {
    const writer = store.writer();
    writer.putBlob(await readFile(temporary));
    writer.finish();
    await rm(temporary, { force: true });
  }
  return { id, kind: 'file', size };
}

/** One download, in as many requests as it takes. */
class Download {
  readonly #url: URL;
  readonly #file: FileHandle;
  readonly #options: Options;
  #bytes = 0;
  /** The version that is being downloaded. */
  #source: UrlSource | undefined;

  constructor(url: URL, file: FileHandle, options: Options) {
    this.#url = url;
    this.#file = file;
    this.#options = options;
  }

  async run(): Promise<UrlSource | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#try();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (error instanceof OcrpipeError || systemErrorCode(error) === 'ENOSPC') throw error;
        if (attempt === ATTEMPTS) throw unreachable(this.#url, error);
      } finally {
        this.#options.events({ type: 'progress-end', key: 'download' });
      }
    }
  }

  async #try(): Promise<UrlSource | undefined> {
    const { signal } = this.#options;
    const answer = await fetch(this.#url, { headers: this.#headers(), signal });
    if (answer.status === 304 && this.#options.known) return undefined;
    const isRest = answer.status === 206 && this.#bytes > 0;
    if (!answer.ok || answer.body === null) throw refusedBy(this.#url, answer.status);
    if (!isRest) {
      this.#source = sourceOf(this.#url, answer.headers);
      this.#bytes = 0;
      await this.#file.truncate(0);
    }
    await this.#write(answer);
    return this.#source;
  }

  #headers(): Record<string, string> {
    const { known } = this.#options;
    // What is compressed on its way has other lengths, and ranges of something else.
    const plain = { 'accept-encoding': 'identity' };
    const version = this.#source?.etag ?? this.#source?.modified;
    if (this.#bytes > 0 && version !== undefined && !version.startsWith('W/')) {
      return { ...plain, range: `bytes=${this.#bytes}-`, 'if-range': version };
    }
    if (known?.etag !== undefined) return { ...plain, 'if-none-match': known.etag };
    return { ...plain, ...(known?.modified !== undefined && { 'if-modified-since': known.modified }) };
  }

  async #write(answer: Response): Promise<void> {
    const length = Number(answer.headers.get('content-length') ?? Number.NaN);
    const total = this.#bytes + length;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      await this.#file.write(chunk, 0, chunk.length, this.#bytes);
      this.#bytes += chunk.length;
      this.#options.events({
        ...{ type: 'progress', key: 'download', done: this.#bytes, unit: 'bytes' },
        ...(Number.isFinite(total) && { total }),
      });
    }
    if (Number.isFinite(total) && this.#bytes !== total) throw new Error('the answer ended too early');
  }
}

function sourceOf(url: URL, headers: Headers): UrlSource {
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')];
  return { url: url.href, ...(etag !== null && { etag }), ...(modified !== null && { modified }) };
}

async function hashOf(path: string): Promise<ContentId> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('hex') as ContentId;
}

/** What the answer of a server means that is not the file. */
export function refusedBy(url: URL, status: number): OcrpipeError {
  const where = withoutQuery(url.href);
  if (status === 404 || status === 410) {
    return userError('url-missing', `there is no file at ${where} (${status})`, {
      hint: 'Check the address.',
    });
  }
  if (status === 401 || status === 403) {
    return userError('url-denied', `${where} may not be read (${status})`, {
      hint: "Download it as you are used to, and 'ocrpipe add' it.",
    });
  }
  return new OcrpipeError('url-failed', `${where} was answered with status ${status}`, {
    hint: 'Try again later; the server is at fault.',
  });
}

/** No answer came. `what` was tried with it. */
export function unreachable(url: URL, error: unknown, what = 'downloaded'): OcrpipeError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new OcrpipeError('url-unreachable', `${withoutQuery(url.href)} cannot be ${what}: ${why}`, {
    hint: 'Check the address and the network, then run the command again.',
    cause: error,
  });
}
