import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import type { Call } from '../base/call.js';
import type { S3Access } from '../project/source/file-address.js';
import { s3Flags } from './remote-flags.js';

/** Whose credentials are used for an object of a bucket, and which certificates: nothing of this is written down. */
export const ownAccessFlags = { profile: s3Flags.profile, 'ca-bundle': s3Flags['ca-bundle'] };

/** How an object of a bucket is reached: as a remote is. */
export const objectFlags = {
  endpoint: s3Flags.endpoint,
  region: s3Flags.region,
  'path-style': s3Flags['path-style'],
  anonymous: s3Flags.anonymous,
  ...ownAccessFlags,
};

/** Which version of an object is taken. */
export const versionFlag = Flags.string({
  helpValue: 'ID',
  description:
    "this version of an object, where its bucket keeps versions, from now on; update with 'latest' follows it again",
});

/** What the flags say. */
export function objectAccess(
  flags: {
    endpoint?: string | undefined;
    region?: string | undefined;
    profile?: string | undefined;
    'path-style'?: boolean | undefined;
    anonymous?: boolean | undefined;
    'ca-bundle'?: string | undefined;
  },
  { cwd }: Pick<Call, 'cwd'>,
): S3Access {
  const { endpoint, region, profile, anonymous, 'path-style': pathStyle, 'ca-bundle': file } = flags;
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(pathStyle !== undefined && { pathStyle }),
    ...(anonymous !== undefined && { anonymous }),
    ...(file !== undefined && { caBundle: resolve(cwd, file) }),
  };
}
