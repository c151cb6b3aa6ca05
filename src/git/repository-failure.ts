import { userError, type OcrpipeError } from '../base/errors.js';
import { shellQuote } from '../base/shell-quote.js';
import type { RepositoryAddress } from './repository-address.js';

/** A reason for which a repository cannot be fetched, and what helps. */
interface Reason {
  code: string;
  /** What git, ssh or the TLS library say then, in English. */
  said: RegExp;
  message: string;
  hint: (address: RepositoryAddress) => string;
}

/**
 * Git has one exit code for all that may go wrong with a server, and ssh another one: what it was stands only in what they print. It is asked
 * for in English, and whatever is not recognised here is passed on as it is. The first that fits is meant.
 */
const REASONS: readonly Reason[] = [
  {
    code: 'repository-host-key',
    said: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    message: 'the key of its host is not known on this machine, or is another one than before',
    hint: ({ text }) =>
      `Connect once by hand and compare the fingerprint with what its owner says: '${sshCommand(text)}'. Then run the command again.`,
  },
  {
    code: 'repository-tls',
    said: /SSL certificate problem|certificate verification failed|certificate verify failed|SSL_ERROR|gnutls_handshake|SSL peer certificate/i,
    message: 'its certificate is not trusted here',
    hint: () =>
      "Name the certificate of its authority: 'git config --global http.sslCAInfo FILE', or GIT_SSL_CAINFO=FILE for once.",
  },
  {
    code: 'repository-denied',
    said: /Permission denied|Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|HTTP (?:Basic: )?Access denied|returned error: 40[13]|Too many authentication failures/,
    message: 'access is denied, or there are no credentials for it',
    hint: ({ text }) =>
      isSsh(text)
        ? `Load your key ('ssh-add'; 'ssh-add -l' lists what is loaded), and see that it may read there: '${sshCommand(text)}'.`
        : `Give git the credentials once: 'git ls-remote ${shellQuote(text)}' asks for them, and a credential helper ('git help credentials') keeps them. ocrpipe itself never asks.`,
  },
  {
    code: 'repository-missing',
    said: /[Rr]epository '?[^\n]*'? ?not found|does not appear to be a git repository|not a git repository|returned error: 404|Repository not found/,
    message: 'there is no repository',
    hint: () =>
      'Check the path. Servers say the same of one that you may not see: check with which account git asks.',
  },
  {
    code: 'repository-offline',
    said: /Could not resolve host|Name or service not known|Temporary failure in name resolution|nodename nor servname|No address associated|Connection (?:refused|timed out|reset)|Network is unreachable|No route to host|Failed to connect|Couldn't connect|Operation timed out|unable to look up|Connection closed by/,
    message: 'its host cannot be reached',
    hint: () => 'Check the name of the host, its port, and the network, then run the command again.',
  },
];

/** Why a repository cannot be fetched, by what git printed; undefined for what is not known. */
export function repositoryFailure(address: RepositoryAddress, said: string): OcrpipeError | undefined {
  const reason = REASONS.find((each) => each.said.test(said));
  if (reason === undefined) return undefined;
  return userError(
    reason.code,
    `${address.text} cannot be fetched: ${reason.message} (${lastWords(said, reason.said)})`,
    {
      hint: reason.hint(address),
    },
  );
}

/** The line that says it. */
function lastWords(said: string, pattern: RegExp): string {
  const line = said.split('\n').find((each) => pattern.test(each)) ?? said;
  return line
    .replace(/^(?:fatal|error|remote|ssh): */i, '')
    .trim()
    .replace(/\.$/, '');
}

/** True for `ssh://host/path` and `user@host:path`. */
export function isSsh(address: string): boolean {
  return /^ssh:\/\//i.test(address) || !address.includes('://');
}

function sshCommand(address: string): string {
  const url = /^ssh:\/\/([^/:]+)(?::(\d+))?/i.exec(address);
  const host = url?.[1] ?? address.replace(/:.*$/s, '');
  return ['ssh -T', ...(url?.[2] === undefined ? [] : [`-p ${url[2]}`]), shellQuote(host)].join(' ');
}
