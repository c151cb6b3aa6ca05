import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the AWS default chain looks for credentials, as far as settings tell. */
export type CredentialSource =
  | { kind: 'sso' | 'process'; profile: string }
  | { kind: 'web-identity' | 'role'; profile?: string | undefined }
  | { kind: 'container' | 'other' };

/** Of a profile, or, if none is named, of the surroundings. */
export function credentialSource(profile: string | undefined): CredentialSource {
  const { AWS_PROFILE: fromSurroundings, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = process.env;
  const named = profile ?? fromSurroundings;
  const found = profileSource(named ?? 'default', awsConfiguration());
  if (found !== undefined || named !== undefined) return found ?? { kind: 'other' };
  if (tokenFile !== undefined) return { kind: 'web-identity' };
  return isContainer() ? { kind: 'container' } : { kind: 'other' };
}

function isContainer(): boolean {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative } =
    process.env;
  return (full ?? relative) !== undefined;
}

type Profiles = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A role is taken with the credentials of another profile: where those are missing, it is that profile that lacks them. */
function profileSource(
  profile: string,
  profiles: Profiles,
  seen = new Set<string>(),
): CredentialSource | undefined {
  const keys = profiles.get(profile);
  if (keys === undefined || seen.has(profile)) return undefined;
  if (keys.has('sso_session') || keys.has('sso_start_url')) return { kind: 'sso', profile };
  if (keys.has('web_identity_token_file')) return { kind: 'web-identity', profile };
  if (keys.has('role_arn')) {
    const source = profileSource(keys.get('source_profile') ?? '', profiles, seen.add(profile));
    return source?.kind === 'sso' || source?.kind === 'process' ? source : { kind: 'role', profile };
  }
  return keys.has('credential_process') ? { kind: 'process', profile } : undefined;
}

/** The names of all profiles that the AWS configuration files have. */
export function profileNames(): string[] {
  const names = [...awsConfiguration().keys()].filter((name) => !/^(sso-session|services)\s/.test(name));
  return [...new Set([...names, ...profilesIn('AWS_SHARED_CREDENTIALS_FILE', 'credentials').keys()])];
}

/** The sections of the configuration file. */
function awsConfiguration(): Profiles {
  return profilesIn('AWS_CONFIG_FILE', 'config');
}

/** Of the file that the variable names, or that of this name in ~/.aws; none where it cannot be read. */
function profilesIn(variable: string, name: string): Profiles {
  try {
    return profilesOf(readFileSync(process.env[variable] ?? join(homedir(), '.aws', name), 'utf8'));
  } catch {
    return new Map();
  }
}

/** Sections are '[profile NAME]' and '[default]'; indented lines belong to the key above them. */
function profilesOf(text: string): Profiles {
  const profiles = new Map<string, Map<string, string>>();
  let keys: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\[\s*(?:profile\s+)?(?:"([^"]+)"|'([^']+)'|([^\]]+?))\s*\]/.exec(line);
    const setting = /^([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (section) {
      keys = new Map();
      profiles.set(section[1] ?? section[2] ?? section[3] ?? '', keys);
    } else if (setting) keys?.set(setting[1]!.toLowerCase(), setting[2]!);
  }
  return profiles;
}
