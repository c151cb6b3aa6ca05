import type { S3Client } from '@aws-sdk/client-s3';
import { userError, type OcrpipeError } from '../../../base/errors.js';
import { shellQuote } from '../../../base/shell-quote.js';
import { nearestName } from '../../../base/nearest.js';
import { credentialSource, profileNames, type CredentialSource } from './aws-profile.js';
import type { S3Address } from './s3-address.js';
import { look, type Seen } from './seen-error.js';

/** What kept the default chain from giving credentials; nothing was sent to S3. */
class NoCredentials extends Error {}

type Handler<Args, Answer> = (args: Args) => Promise<Answer>;

/** Services that give out credentials fail as S3 does: marks what is theirs. */
export function markFailedCredentials({ middlewareStack }: S3Client): void {
  const signed = new WeakSet();
  const sought =
    <Args, Answer>(next: Handler<Args, Answer>, context: object): Handler<Args, Answer> =>
    async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw signed.has(context) ? error : new NoCredentials('', { cause: error });
      }
    };
  const found =
    <Args, Answer>(next: Handler<Args, Answer>, context: object): Handler<Args, Answer> =>
    (args) => {
      signed.add(context);
      return next(args);
    };
  const toMiddleware = 'httpAuthSchemeMiddleware';
  middlewareStack.addRelativeTo(sought, { relation: 'before', toMiddleware, name: 'credentialsSought' });
  middlewareStack.addRelativeTo(found, { relation: 'after', toMiddleware, name: 'credentialsFound' });
}

const REFUSED_CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'InvalidClientTokenId',
]);
/** What S3 says of a signature for another region than its own, and of a key that no key looks like. */
const OTHER_REGION = 'AuthorizationHeaderMalformed';
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);
const AGAIN = 'then run the command again: it continues where it stopped.';

/** What is wrong with the credentials, if that is it. `error` is what the SDK threw. */
export function credentialsError(error: unknown, address: S3Address): OcrpipeError | undefined {
  if (error instanceof NoCredentials) return notGiven(look(error.cause), address);
  const seen = look(error);
  const using = usedCredentials(address);
  if (EXPIRED.has(seen.name)) {
    return userError('credentials-expired', `${using} for ${address.where} have expired`, {
      hint: `Renew them (with single sign-on: '${login(address.profile)}'), ${AGAIN}`,
    });
  }
  if (seen.name === OTHER_REGION) {
    return userError(
      'bucket-elsewhere',
      `${address.where} expects signatures for another region (${seen.name})`,
      {
        hint: `Name its region: '${address.correct({ region: 'REGION' })}'. If it is the right one, look at the access key: ${using} may not be whole.`,
      },
    );
  }
  if (REFUSED_CREDENTIALS.has(seen.name) || seen.status === 401) {
    return userError('credentials-refused', `${address.where} refuses ${using} (${seen.name})`, {
      hint: `${change(address)} If they are right, check the endpoint and the region.`,
    });
  }
  return undefined;
}

function usedCredentials({ profile }: S3Address): string {
  return profile === undefined ? 'the credentials in use' : `the credentials of profile '${profile}'`;
}

function change({ correct }: S3Address): string {
  return `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/config: '${correct({ profile: 'PROFILE' })}'.`;
}

/** What signs in anew where credentials come from single sign-on. */
function login(profile = process.env['AWS_PROFILE']): string {
  return profile === undefined ? 'aws sso login' : `aws sso login --profile ${shellQuote(profile)}`;
}

/** The chain gave none: what to do depends on where they should have come from. */
function notGiven(seen: Seen, address: S3Address): OcrpipeError {
  const source = credentialSource(address.profile);
  switch (source.kind) {
    case 'sso':
      return userError(
        'credentials-missing',
        `profile '${source.profile}' has no valid single sign-on for ${address.where}`,
        {
          hint: `Sign in: '${login(source.profile)}'; ${AGAIN} If that does not help, check the account and the role of the profile.`,
        },
      );
    case 'process':
      return userError(
        'credentials-missing',
        `the credential_process of profile '${source.profile}' gives no credentials for ${address.where}`,
        {
          hint: `Run that line of the AWS configuration in a shell: it has to print credentials that are still valid, as JSON. ${upper(AGAIN)}`,
        },
      );
    case 'web-identity':
    case 'role':
      return notTaken(seen, source, address);
    case 'container':
      return userError(
        'credentials-missing',
        `the service of the container gives no credentials for ${address.where}`,
        { hint: `Check the role of the task or pod, and ${containerVariable()}; ${AGAIN}` },
      );
    case 'other':
      return noneFound(address);
  }
}

/** The variable that says where the service of the container is; of both the SDK takes the first. */
function containerVariable(): string {
  const isRelative = process.env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] !== undefined;
  return `AWS_CONTAINER_CREDENTIALS_${isRelative ? 'RELATIVE' : 'FULL'}_URI`;
}

function noneFound(address: S3Address): OcrpipeError {
  const { profile, where } = address;
  const named = profile ?? process.env['AWS_PROFILE'];
  const known = profileNames();
  if (named !== undefined && !known.includes(named)) {
    const near = nearestName(named, known);
    const meant = near === undefined ? '' : `Did you mean '${near}'? `;
    return userError('credentials-missing', `the AWS configuration files have no profile '${named}'`, {
      hint: `${meant}${change(address)}`,
    });
  }
  const message =
    profile === undefined
      ? `no AWS credentials were found for ${where}`
      : `profile '${profile}' gives no AWS credentials for ${where}`;
  return userError('credentials-missing', message, {
    hint: `${change(address)} With single sign-on: '${login(profile)}'.`,
  });
}

/** A role that STS does not give. */
function notTaken(
  { name, system, status }: Seen,
  { kind, profile }: Extract<CredentialSource, { kind: 'web-identity' | 'role' }>,
  { where }: S3Address,
): OcrpipeError {
  const token =
    profile === undefined ? 'AWS_WEB_IDENTITY_TOKEN_FILE' : `web_identity_token_file of profile '${profile}'`;
  const role = profile === undefined ? 'AWS_ROLE_ARN' : `role_arn of profile '${profile}'`;
  if (kind === 'web-identity' && EXPIRED.has(name)) {
    return userError('credentials-expired', `the web identity token for ${where} has expired`, {
      hint: `Renew the token in the file that ${token} names, ${AGAIN}`,
    });
  }
  if (kind === 'web-identity' && (system === 'ENOENT' || system === 'EACCES')) {
    return userError(
      'credentials-missing',
      `the file of the web identity token for ${where} cannot be read`,
      {
        hint: `Check the file that ${token} names, ${AGAIN}`,
      },
    );
  }
  if (status === undefined) {
    return userError(
      'credentials-missing',
      `the service that gives out roles does not answer${system === undefined ? '' : ` (${system})`}: no credentials for ${where}`,
      { hint: `Check the network, ${role}, and AWS_ENDPOINT_URL_STS if it is set, ${AGAIN}` },
    );
  }
  return userError('credentials-refused', `the role for ${where} is refused (${name})`, {
    hint: `Check ${role}${kind === 'role' ? '' : `, the token in the file that ${token} names`}, and whom the role trusts, ${AGAIN}`,
  });
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
