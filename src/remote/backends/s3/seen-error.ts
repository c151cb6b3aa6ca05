import { systemErrorCode } from '../../../base/errors.js';

/** The fields of an SDK error that decide what it means. `message` is never passed on: servers echo requests in it. */
export interface Seen {
  name: string;
  status: number | undefined;
  system: string | undefined;
  /** How a secure connection failed: those codes are not of the operating system. */
  tls: string | undefined;
  /** The beginning of an S3 document that could not be read to its end. */
  cutDocument: boolean;
}

const NOTHING_SEEN: Seen = {
  name: '',
  status: undefined,
  system: undefined,
  tls: undefined,
  cutDocument: false,
};
const S3_DOCUMENT = /^\s*(<\?xml[^>]*>\s*)?<(List|Initiate|Complete|Error)/;
const TLS = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

export function look(error: unknown): Seen {
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
