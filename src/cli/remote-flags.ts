import * as Flags from '@oclif/core/flags';
import { bandwidthFlag } from './bandwidth-flag.js';
import { endpointFlag } from './endpoint-flag.js';
import { REMOTE_OPTIONS, type RemoteSettings } from '../config/settings.js';

/** Flags that say how to reach an S3 remote, and how it keeps what it is given. */
export const s3Flags = {
  endpoint: endpointFlag({ description: 'address of an S3 service other than AWS' }),
  region: Flags.string({ helpValue: 'REGION', description: 'region of the bucket' }),
  profile: Flags.string({ helpValue: 'NAME', description: 'profile of the AWS configuration files' }),
  'path-style': Flags.boolean({
    allowNo: true,
    description: 'address buckets as a path (default: yes with --endpoint, else no)',
  }),
  'ca-bundle': Flags.string({
    helpValue: 'FILE',
    description: 'certificates (PEM) to trust beside the usual ones',
  }),
  anonymous: Flags.boolean({
    allowNo: true,
    description: 'use no credentials, for a bucket that everybody may read (default: no)',
  }),
  sse: Flags.string({
    options: ['AES256', 'aws:kms', 'aws:kms:dsse'],
    helpValue: 'HOW',
    description: 'what the server encrypts with',
  }),
  'sse-kms-key-id': Flags.string({ helpValue: 'ID', description: 'the key of KMS, with --sse aws:kms' }),
  'sse-customer-key-file': Flags.string({
    helpValue: 'FILE',
    description: 'a key of your own, 32 bytes, that the server encrypts with and does not keep',
  }),
  'storage-class': Flags.string({ helpValue: 'CLASS', description: 'storage class of what is written' }),
  'request-checksum-calculation': Flags.string({
    options: ['when_supported', 'when_required'],
    helpValue: 'WHEN',
    description: 'when_required: no checksum headers, for services that refuse them',
  }),
  bandwidth: bandwidthFlag({ description: 'bytes a second at most in each direction, like 500kB or 10MB' }),
};

type FlagValues = Readonly<Record<string, unknown>>;

/** What the flags set. */
export function s3Settings(flags: FlagValues): Omit<RemoteSettings, 'url'> {
  const given = REMOTE_OPTIONS.map((key) => [key, flags[flagOf(key)]]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Omit<RemoteSettings, 'url'>;
}

/** 'path-style' for pathStyle. */
function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The settings of a remote beside its address, in words. */
export function settingsText(settings: RemoteSettings): string {
  const texts = REMOTE_OPTIONS.flatMap((key) => {
    const value = settings[key];
    if (value === undefined) return [];
    const name = flagOf(key).replaceAll('-', ' ');
    if (typeof value === 'boolean') return [`${name} ${value ? 'on' : 'off'}`];
    return [key === 'endpoint' ? value : `${name} ${value}`];
  });
  return texts.join(', ');
}
