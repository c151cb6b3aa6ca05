import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Pace } from '../pace.js';
import { markFailedCredentials } from './credential-errors.js';
import type { Trust } from './lean-read.js';
import { trustedCertificates, type KeepingSettings } from './s3-options.js';
import type * as Sdk from './sdk.js';

/** The SDK: loading it takes time that only commands which use an S3 remote pay. */
export type S3Module = typeof Sdk;

/** How to reach one bucket. */
export interface S3Settings extends KeepingSettings {
  bucket: string;
  /** '' or a path that ends with '/'. */
  prefix: string;
  endpoint?: string | undefined;
  region?: string | undefined;
  profile?: string | undefined;
  /** Address the bucket as a path. Default: yes where an endpoint is given, as most servers other than AWS need it. */
  pathStyle?: boolean | undefined;
  /** File of certificates to trust besides; absolute. */
  caBundle?: string | undefined;
  /** Use no credentials. */
  anonymous?: boolean | undefined;
  /** Send no checksum headers. */
  withoutChecksums?: boolean | undefined;
  /** What all bytes of the remote share. */
  pace?: Pace | undefined;
}

/** Sockets of one remote: more than any `--jobs` uses. */
const MAX_SOCKETS = 64;
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that sends nothing for so long is taken for dead. */
export const SILENCE_TIMEOUT_MS = 60_000;
/** Signing needs some region; servers other than AWS accept this one, and AWS redirects from it. */
const ANY_REGION = 'us-east-1';
const QUIET = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** Without a logger of its own the SDK warns on stderr about uploads that it cannot repeat; ours are repeated above. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Nothing below cli/ prints.
}

/** A client, what it was made with, and whom its secure connections trust. */
export interface OpenedS3 {
  readonly sdk: S3Module;
  readonly client: S3Client;
  readonly trust: Trust;
}

/** Loads the SDK and makes a client with the credentials of the AWS default chain. Nothing is sent yet. */
export async function openS3Client(settings: S3Settings): Promise<OpenedS3> {
  const sdk = await import('./sdk.js');
  const trust = trustOf(settings);
  const client = withoutVersionWarning(
    () =>
      new sdk.S3Client({
        ...(settings.endpoint !== undefined && { endpoint: settings.endpoint }),
        ...(settings.profile !== undefined && { profile: settings.profile }),
        ...(settings.anonymous === true && UNSIGNED),
        region: settings.region ?? regionOfSurroundings(sdk, settings),
        forcePathStyle: settings.pathStyle ?? endpointOf(settings) !== undefined,
        followRegionRedirects: true,
        // Attempts are made above, where the body can be opened again and a cut download goes on by range.
        maxAttempts: 1,
        logger: SILENT,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        requestHandler: {
          connectionTimeout: CONNECT_TIMEOUT_MS,
          requestTimeout: SILENCE_TIMEOUT_MS,
          throwOnRequestTimeout: true,
          httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
          httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, ...trust }),
        },
      }),
  );
  sendKnownPayloadHash(client, settings.withoutChecksums ?? false);
  markFailedCredentials(client);
  return { sdk, client, trust };
}

/** Read once for all connections: there are more than a hundred certificates. None are where no connection is to be secure. */
function trustOf(settings: S3Settings): Trust {
  if (endpointOf(settings)?.startsWith('http:') === true) return {};
  const caBundle = settings.caBundle ?? process.env['AWS_CA_BUNDLE'] ?? '';
  return { secureContext: createSecureContext(caBundle === '' ? {} : { ca: trustedCertificates(caBundle) }) };
}

/** Requests as they are: nothing is looked for in the default chain. */
const UNSIGNED: Pick<S3ClientConfig, 'credentials' | 'signer'> = {
  credentials: { accessKeyId: '', secretAccessKey: '' },
  signer: { sign: (request) => Promise.resolve(request) },
};

/** The endpoint of the remote, or the one that the environment names for all. */
export function endpointOf({ endpoint }: Pick<S3Settings, 'endpoint'>): string | undefined {
  return endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
}

/** The region that environment or profile name, or any. Only a client tells, so that one is made, and thrown away. */
function regionOfSurroundings(sdk: S3Module, { profile }: S3Settings): string | (() => Promise<string>) {
  const { AWS_REGION: region, AWS_DEFAULT_REGION: otherwise } = process.env;
  if (profile === undefined && (region ?? otherwise) !== undefined) return region ?? otherwise ?? ANY_REGION;
  return async () => {
    const asked = withoutVersionWarning(() => new sdk.S3Client(profile === undefined ? {} : { profile }));
    try {
      return await asked.config.region();
    } catch {
      return otherwise ?? ANY_REGION;
    } finally {
      asked.destroy();
    }
  };
}

/** The SDK announces its next Node version on stderr when a client is made: nothing that users of ocrpipe can act on. */
function withoutVersionWarning<T>(make: () => T): T {
  const before = process.env[QUIET];
  process.env[QUIET] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, QUIET);
    else process.env[QUIET] = before;
  }
}

/**
 * A body whose SHA-256 is sent as its checksum is signed with that same hash: the SDK would otherwise read the whole file
 * once more to compute it. Where the service dislikes checksums, the hash goes with the signature alone.
 */
function sendKnownPayloadHash(client: S3Client, withoutChecksums: boolean): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request;
      if (hasHeaders(request)) {
        const checksum = request.headers['x-amz-checksum-sha256'];
        if (checksum !== undefined && !checksum.includes('-')) {
          request.headers['x-amz-content-sha256'] = Buffer.from(checksum, 'base64').toString('hex');
        }
        if (withoutChecksums)
          for (const name of CHECKSUM_HEADERS) Reflect.deleteProperty(request.headers, name);
      }
      return next(args);
    },
    { step: 'build', name: 'knownPayloadHash', priority: 'low' },
  );
}

const CHECKSUM_HEADERS = [
  'x-amz-checksum-sha256',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
];

function hasHeaders(
  request: unknown,
): request is { headers: Record<string, string | undefined>; body?: unknown } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}
