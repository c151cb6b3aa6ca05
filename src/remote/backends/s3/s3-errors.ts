import { OcrpipeError, systemErrorCode, userError } from '../../../base/errors.js';
import { shellQuote } from '../../../base/shell-quote.js';
import type { Correction } from '../correction.js';
import {
  clockSkewed,
  isPassing,
  isUnreachable,
  remoteBusy,
  remoteFull,
  remoteInterrupted,
  remoteUnreachable,
} from '../remote-errors.js';
import { endpointOf, type S3Settings } from './s3-client.js';

/** What is said about a remote in an error: never more than the address and the name of the profile. */
export interface S3Address {
  bucket: string;
  /** 's3://bucket/prefix' */
  where: string;
  endpoint?: string | undefined;
  profile?: string | undefined;
  /** What to type for other settings. */
  correct: Correction;
}

/** The fields of an SDK error that decide what it means. `message` is never passed on: servers echo requests in it. */
interface Seen {
  name: string;
  status: number | undefined;
  system: string | undefined;
  /** How a secure connection failed: those codes are not of the operating system. */
  tls: string | undefined;
  /** The beginning of an S3 document that could not be read to its end. */
  cutDocument: boolean;
}

/** True if the error is the server's answer `status`. */
export function answered(error: unknown, status: number): boolean {
  return look(error).status === status;
}

/** True if the server named its error so ('NoSuchKey', …). */
export function named(error: unknown, name: string): boolean {
  return look(error).name === name;
}

/** True if another attempt may succeed. `error` is what the SDK threw. */
export function mayPass(error: unknown, address: S3Address, signal?: AbortSignal): boolean {
  const translated = translateS3Error(error, address, signal);
  // Whoever answered before and is gone is probably restarting.
  return isPassing(translated) || isUnreachable(translated);
}

/** What a failed S3 request means to people. Aborts and OcrpipeErrors pass unchanged. */
export function translateS3Error(error: unknown, address: S3Address, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof OcrpipeError) return error;
  const seen = look(error);
  return (
    passingRefusal(seen, address) ??
    credentialsError(seen, address) ??
    bucketError(seen, address) ??
    connectionError(seen, address, error) ??
    serverError(seen, address)
  );
}

const NOTHING_SEEN: Seen = {
  name: '',
  status: undefined,
  system: undefined,
  tls: undefined,
  cutDocument: false,
};
const S3_DOCUMENT = /^\s*(<\?xml[^>]*>\s*)?<(List|Initiate|Complete|Error)/;

function look(error: unknown): Seen {
  if (typeof error !== 'object' || error === null) return NOTHING_SEEN;
  const fields = error as {
    name?: unknown;
    $metadata?: { httpStatusCode?: unknown };
    $responseBodyText?: unknown;
    code?: unknown;
    errors?: unknown;
  };
  const status = fields.$metadata?.httpStatusCode;
  // A host with several addresses fails with one error for each of them.
  const inner = Array.isArray(fields.errors) ? (fields.errors[0] as unknown) : undefined;
  return {
    name: typeof fields.name === 'string' ? fields.name : '',
    status: typeof status === 'number' ? status : undefined,
    system: systemErrorCode(error) ?? systemErrorCode(inner),
    tls: typeof fields.code === 'string' && TLS.test(fields.code) ? fields.code : undefined,
    cutDocument: typeof fields.$responseBodyText === 'string' && S3_DOCUMENT.test(fields.$responseBodyText),
  };
}

/** What comes with a status that means something else by itself: a request signed at another time is refused with 403. */
function passingRefusal({ name, status }: Seen, { where }: S3Address): OcrpipeError | undefined {
  if (SKEWED.has(name)) return clockSkewed(where);
  if (FULL.has(name) || status === 507) return remoteFull(where);
  return BUSY_NAMES.has(name) ? remoteBusy(where, name) : undefined;
}

const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture']);
const FULL = new Set([
  'InsufficientStorage',
  'QuotaExceeded',
  'XMinioStorageFull',
  'XAdminBucketQuotaExceeded',
]);
const BUSY_NAMES = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'RequestTimeout']);

const REFUSED_CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'InvalidClientTokenId',
  'AuthorizationHeaderMalformed',
]);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);

function credentialsError(seen: Seen, address: S3Address): OcrpipeError | undefined {
  const using =
    address.profile === undefined
      ? 'the credentials in use'
      : `the credentials of profile '${address.profile}'`;
  const change = `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/config: '${address.correct({ profile: 'PROFILE' })}'.`;
  if (seen.name === 'CredentialsProviderError' || seen.name === 'TokenProviderError') {
    const message =
      address.profile === undefined
        ? `no AWS credentials were found for ${address.where}`
        : `profile '${address.profile}' gives no AWS credentials for ${address.where}`;
    return userError('credentials-missing', message, {
      hint: `${change} With single sign-on: '${login(address)}'.`,
    });
  }
  if (EXPIRED.has(seen.name)) {
    return userError('credentials-expired', `${using} for ${address.where} have expired`, {
      hint: `Renew them (with single sign-on: '${login(address)}'), then run the command again: it continues where it stopped.`,
    });
  }
  if (REFUSED_CREDENTIALS.has(seen.name) || seen.status === 401) {
    return userError('credentials-refused', `${address.where} refuses ${using} (${seen.name})`, {
      hint: `${change} If they are right, check the endpoint and the region.`,
    });
  }
  return undefined;
}

/** What signs in anew where credentials come from single sign-on. */
function login({ profile = process.env['AWS_PROFILE'] }: S3Address): string {
  return profile === undefined ? 'aws sso login' : `aws sso login --profile ${shellQuote(profile)}`;
}

function bucketError(seen: Seen, address: S3Address): OcrpipeError | undefined {
  const other = `name another: '${address.correct({ url: 's3://BUCKET/PREFIX' })}'`;
  if (seen.name === 'NoSuchBucket') {
    return userError('bucket-missing', `there is no bucket '${address.bucket}'${at(address)}`, {
      hint: `Create it, or ${other}.`,
    });
  }
  if (seen.name === 'InvalidBucketName') return bucketName(address.bucket, other);
  if (
    seen.status === 301 ||
    seen.name === 'PermanentRedirect' ||
    seen.name === 'IllegalLocationConstraintException'
  ) {
    return userError('bucket-elsewhere', `bucket '${address.bucket}' is in another region`, {
      hint: `Name its region: '${address.correct({ region: 'REGION' })}'.`,
    });
  }
  if (seen.status === 403) {
    return userError('remote-denied', `access to ${address.where} is denied`, {
      hint: 'The user needs s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there; ask the owner of the bucket, or use another profile.',
    });
  }
  return undefined;
}

function bucketName(bucket: string, other: string): OcrpipeError {
  return userError('bucket-name', `'${bucket}' cannot be the name of a bucket`, {
    hint: `Bucket names have 3 to 63 lower-case letters, digits, dots and hyphens; ${other}.`,
  });
}

/**
 * Refuses a name that no bucket of AWS has where it would become part of a host name: asking for it says only that there is no
 * such host. Other services have rules of their own, and so have old buckets that are addressed by path.
 */
export function refuseBucketName(
  { bucket, endpoint, pathStyle }: Pick<S3Settings, 'bucket' | 'endpoint' | 'pathStyle'>,
  correct: Correction,
): void {
  if (
    endpointOf({ endpoint }) !== undefined ||
    pathStyle === true ||
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)
  )
    return;
  const lower = bucket.toLowerCase().replaceAll('_', '-');
  throw bucketName(bucket, `name another: '${correct({ url: `s3://${lower}` })}'`);
}

const WRONG_ADDRESS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
const TLS = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

function connectionError(seen: Seen, address: S3Address, cause: unknown): OcrpipeError | undefined {
  const system = seen.system ?? '';
  if (seen.cutDocument) return remoteInterrupted(address.where, 'the answer broke off', cause);
  if (seen.status !== undefined && seen.status < 400 && seen.system === undefined) {
    return notS3(address);
  }
  const tls = seen.tls ?? (system === 'EPROTO' ? system : undefined);
  if (tls !== undefined) {
    return userError('remote-tls', `no secure connection to ${address.where}${at(address)} (${tls})`, {
      hint: 'Check that the endpoint begins with http:// or https:// as the server expects; name the certificate of a private authority with --ca-bundle FILE, or AWS_CA_BUNDLE=FILE.',
    });
  }
  if (WRONG_ADDRESS.has(system)) {
    return remoteUnreachable(`${address.where}${at(address)}`, system, address.correct);
  }
  if (seen.status === undefined && (system !== '' || TIMEOUTS.has(seen.name))) {
    return remoteInterrupted(address.where, system === '' ? 'no answer in time' : system, cause);
  }
  return undefined;
}

/** Something answers, but not in the language of S3. */
export function notS3(address: S3Address): OcrpipeError {
  return userError('remote-not-s3', `what answers for ${address.where}${at(address)} is no S3 server`, {
    hint: `Check the endpoint: '${address.correct({ endpoint: 'URL' })}'.`,
  });
}

const TIMEOUTS = new Set(['TimeoutError', 'RequestTimeout', 'NetworkingError']);
function serverError(seen: Seen, address: S3Address): OcrpipeError {
  const said = seen.name === '' || seen.name === 'Error' ? `status ${seen.status ?? 'unknown'}` : seen.name;
  if ((seen.status ?? 0) >= 500 || seen.status === 429 || seen.status === 409) {
    return remoteBusy(address.where, said);
  }
  return new OcrpipeError('remote-failed', `${address.where} refused a request: ${said}`, {
    hint: 'Check the address and what the server supports: conditional writes, checksums and reading parts of objects.',
  });
}

function at(address: S3Address): string {
  return address.endpoint === undefined ? '' : ` at ${address.endpoint}`;
}
