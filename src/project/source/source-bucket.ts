import { OcrpipeError, userError } from '../../base/errors.js';
import type { Correction } from '../../remote/backends/correction.js';
import { openRemote } from '../../remote/backends/open-remote.js';
import { RemoteWrapper } from '../../remote/backends/remote-wrapper.js';
import type {
  Described,
  Download,
  GetOptions,
  Listed,
  Remote,
  VersionOptions,
} from '../../remote/backends/remote.js';
import type { FileAddress, S3Access, SharedAccess } from './file-address.js';

export interface S3Options {
  access: S3Access;
  /** What to type for other settings. */
  correct: Correction;
  signal: AbortSignal;
}

/** A bucket that somebody else writes to. */
export type SourceBucket = Pick<Remote, 'where' | 'list' | 'get' | 'describe'>;

/** Opens the bucket of an address for reading. */
export async function withBucket<T>(
  address: Extract<FileAddress, { bucket: string }>,
  { access, correct }: S3Options,
  work: (bucket: SourceBucket) => Promise<T>,
): Promise<T> {
  const remote = await openRemote({ url: `s3://${address.bucket}`, ...given(access) }, '/', correct);
  try {
    return await work(new ReadBucket(remote, (error) => forReading(error, address, correct)));
  } finally {
    remote.close();
  }
}

/** Says in words of an import what this bucket refuses, and not what another one does while it is read. */
class ReadBucket extends RemoteWrapper implements SourceBucket {
  readonly #said: (error: unknown) => unknown;

  constructor(inner: Remote, said: (error: unknown) => unknown) {
    super(inner);
    this.#said = said;
  }

  list(prefix: string, options?: Parameters<Remote['list']>[1]): Promise<Listed[]> {
    return this.#asked(this.inner.list(prefix, options));
  }

  async get(key: string, options?: GetOptions): Promise<Download | undefined> {
    const answer = await this.#asked(this.inner.get(key, options));
    return answer && { ...answer, body: this.#read(answer.body) };
  }

  describe(key: string, options?: VersionOptions): Promise<Described | undefined> {
    return this.#asked(this.inner.describe(key, options));
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#said(error);
    }
  }

  async *#read(body: Download['body']): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#said(error);
    }
  }
}

/** What an import needs is less than what a remote needs. */
function forReading(error: unknown, { url }: { url: string }, correct: Correction): unknown {
  if (!(error instanceof OcrpipeError)) return error;
  if (error.code === 'remote-denied') {
    return userError('url-denied', `${url} may not be read, or is not there`, {
      hint: `The user needs s3:GetObject for it, and s3:ListBucket to be told that it is missing. Ask the owner of the bucket, or use another profile: '${correct({ profile: 'PROFILE' })}'.`,
      cause: error,
    });
  }
  if (error.code !== 'credentials-missing') return error;
  const { code, message, hint = '' } = error;
  return userError(code, message, {
    hint: `${hint} An object that everybody may read needs none: --anonymous.`,
    cause: error,
  });
}

/** What of the access everybody shares. */
export function sharedAccess({ endpoint, region, pathStyle, anonymous }: S3Access): SharedAccess {
  return given({ endpoint, region, pathStyle, anonymous });
}

export function given<T extends object>(fields: T): { [key in keyof T]?: NonNullable<T[key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [key in keyof T]?: NonNullable<T[key]>;
  };
}
