import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import type { ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3';
import { userError, type OcrpipeError } from '../../../base/errors.js';

/** How objects are kept, as settings say it. */
export interface KeepingSettings {
  sse?: ServerSideEncryption | undefined;
  sseKmsKeyId?: string | undefined;
  /** Absolute path. */
  sseCustomerKeyFile?: string | undefined;
  storageClass?: string | undefined;
}

/** Fields that go along with requests, by what they do. */
export interface RequestFields {
  /** Of reads and of parts of uploads. */
  read: { SSECustomerAlgorithm?: string; SSECustomerKey?: string };
  /** Of what makes an object. */
  write: RequestFields['read'] & {
    ServerSideEncryption?: ServerSideEncryption;
    SSEKMSKeyId?: string;
    StorageClass?: StorageClass;
  };
}

const CUSTOMER_KEY_BYTES = 32;

/** Reads the key of one's own, if one is named: throws `sse-key` (exit code 2) if it is none. */
export function requestFields(settings: KeepingSettings): RequestFields {
  const { sse, sseKmsKeyId, sseCustomerKeyFile, storageClass } = settings;
  const read =
    sseCustomerKeyFile === undefined
      ? {}
      : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: customerKey(sseCustomerKeyFile) };
  const write = {
    ...read,
    ...(sse !== undefined && { ServerSideEncryption: sse }),
    ...(sseKmsKeyId !== undefined && { SSEKMSKeyId: sseKmsKeyId }),
    ...(storageClass !== undefined && { StorageClass: storageClass as StorageClass }),
  };
  return { read, write };
}

/** Of 32 bytes as they are, or in base64; returned in base64. */
function customerKey(file: string): string {
  const bytes = readNamed(file, 'sse-key', 'the key');
  const key = bytes.length === CUSTOMER_KEY_BYTES ? bytes : Buffer.from(bytes.toString('latin1'), 'base64');
  if (key.length === CUSTOMER_KEY_BYTES) return key.toString('base64');
  throw userError('sse-key', `${file} holds no key of 32 bytes`, {
    hint: `Make one: 'openssl rand -out ${file} 32'. Keep a copy: without it nothing can be read again.`,
  });
}

/** All certificates to trust where some are added to the usual ones. Throws `ca-bundle` (exit code 2) for a file that has none. */
export function trustedCertificates(file: string): string[] {
  const text = readNamed(file, 'ca-bundle', 'the certificates').toString('latin1');
  const own = certificatesIn(text);
  if (own.length === 0 || !own.every(isCertificate)) throw noCertificates(file);
  return [...new Set([...usualCertificates(), ...own])];
}

function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** What Node trusts where nothing is said: its own and NODE_EXTRA_CA_CERTS; those of the system if its options say so. */
function usualCertificates(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? [...tls.rootCertificates, ...extraCertificates()];
}

/** Node itself passes over a file that it cannot read, and warns of it. */
function extraCertificates(): string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined || file === '') return [];
  try {
    return certificatesIn(readFileSync(file, 'latin1')).filter(isCertificate);
  } catch {
    return [];
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}

function noCertificates(file: string): OcrpipeError {
  return userError('ca-bundle', `${file} holds no certificates`, {
    hint: 'Name a file in PEM form, which begins with -----BEGIN CERTIFICATE-----.',
  });
}

function readNamed(file: string, code: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw userError(code, `${what} in ${file} cannot be read`, {
      hint: 'Check the path, which starts at the workspace, and who may read it.',
      cause: error,
    });
  }
}
