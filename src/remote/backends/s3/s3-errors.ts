import { OcrpipeError, userError } from '../../../base/errors.js';
import type { Correction } from '../correction.js';
import {
  clockSkewed,
  isPassing,
  isUnreachable,
  remoteBusy,
  remoteFull,
  remoteInterrupted,
  remoteUnreachable,
  serverFailed,
} from '../remote-errors.js';
import { credentialsError } from './credential-errors.js';
import { at, type S3Address } from './s3-address.js';
import { endpointOf, type S3Settings } from './s3-client.js';
import { look, type Seen } from './seen-error.js';

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
    credentialsError(error, address) ??
    passingRefusal(seen, address) ??
    bucketError(seen, address) ??
    connectionError(seen, address, error) ??
    serverError(seen, address)
  );
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
  if (seen.status === 403 && address.anonymous === true) {
    return userError('remote-denied', `${address.where} gives nobody without credentials that access`, {
      hint: `This remote is used without any: to sign requests, as to push, '${address.correct({ anonymous: false })}'.`,
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
  if (WRONG_ADDRESS.has(system)) return unreachable(system, address);
  if (seen.status === undefined && (system !== '' || TIMEOUTS.has(seen.name))) {
    return remoteInterrupted(address.where, system === '' ? 'no answer in time' : system, cause);
  }
  return undefined;
}

function unreachable(
  system: string,
  { bucket, where, endpoint, pathStyle, correct }: S3Address,
): OcrpipeError {
  if (system !== 'ENOTFOUND' || pathStyle !== false || endpoint === undefined)
    return remoteUnreachable(`${where}${at({ endpoint })}`, system, correct);
  // Services that know buckets by their path alone have names for no bucket.
  const host = `${bucket}.${URL.canParse(endpoint) ? new URL(endpoint).hostname : endpoint}`;
  return userError('remote-unreachable', `cannot reach ${where}: no host has the name ${host}`, {
    hint: `Check the network and the endpoint, or address the bucket as a path: '${correct({ pathStyle: true })}'.`,
  });
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
  if (seen.status === 503 || seen.status === 429 || seen.status === 409) {
    return remoteBusy(address.where, said);
  }
  if ((seen.status ?? 0) >= 500) return serverFailed(address.where, said);
  return new OcrpipeError('remote-failed', `${address.where} refused a request: ${said}`, {
    hint: 'Check the address and what the server supports: conditional writes, checksums and reading parts of objects.',
  });
}
