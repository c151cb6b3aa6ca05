import type { Correction } from '../correction.js';

/** What is said about a remote in an error: never more than the address and the name of the profile. */
export interface S3Address {
  bucket: string;
  /** 's3://bucket/prefix' */
  where: string;
  endpoint?: string | undefined;
  profile?: string | undefined;
  /** As the settings have it: false if the bucket is to be part of the name of the host. */
  pathStyle?: boolean | undefined;
  /** True where nothing is signed. */
  anonymous?: boolean | undefined;
  /** What to type for other settings. */
  correct: Correction;
}

/** ' at URL' where the remote has an endpoint of its own. */
export function at({ endpoint }: Pick<S3Address, 'endpoint'>): string {
  return endpoint === undefined ? '' : ` at ${endpoint}`;
}
