import * as Flags from '@oclif/core/flags';
import type { RemoteSettings } from '../config/settings.js';

/** Flags that say how to reach an S3 remote. */
export const s3Flags = {
  endpoint: Flags.string({ helpValue: 'URL', description: 'address of an S3 service other than AWS' }),
  region: Flags.string({ helpValue: 'REGION', description: 'region of the bucket' }),
  profile: Flags.string({ helpValue: 'NAME', description: 'profile of the AWS configuration files' }),
  'path-style': Flags.boolean({
    allowNo: true,
    description: 'address buckets as a path (default: yes with --endpoint, else no)',
  }),
};

/** What the flags set. */
export function s3Settings(flags: {
  endpoint?: string | undefined;
  region?: string | undefined;
  profile?: string | undefined;
  'path-style'?: boolean | undefined;
}): Omit<RemoteSettings, 'url'> {
  const { endpoint, region, profile, 'path-style': pathStyle } = flags;
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(pathStyle !== undefined && { pathStyle }),
  };
}
