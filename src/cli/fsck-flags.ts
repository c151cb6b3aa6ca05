import * as Flags from '@oclif/core/flags';
import { durationFlag } from './duration-flag.js';

/** Flags of fsck. */
export const fsckFlags = {
  repair: Flags.boolean({
    description:
      'heal what is damaged or missing from unchanged files of the workspace and from the remotes, and move the rest to quarantine; with --remote: from the store',
  }),
  budget: durationFlag({
    description:
      'begin no further file after this time (10m, 1h); the next check begins with those checked longest ago',
  }),
  remote: Flags.boolean({ char: 'r', description: 'verify a remote instead of the store' }),
  'trust-checksums': Flags.boolean({
    description:
      'with --remote: do not read a large object whose SHA-256 the server knows itself; for servers that look after their bytes',
    dependsOn: ['remote'],
  }),
};
