import { shellQuote } from '../../base/shell-quote.js';
import { REMOTE_OPTIONS, type RemoteSettings } from '../../config/settings.js';

/** Settings as they would be typed; a word in capitals stands for what the user has to fill in. */
export type Change = Partial<
  Pick<RemoteSettings, 'url' | 'endpoint' | 'region' | 'profile' | 'pathStyle' | 'anonymous'>
>;

/** The command to type for a remote with other settings: what hints name. */
export type Correction = (change: Change) => string;

/** For a remote of the configuration. `isLocal`: which settings this machine's file has, which wins over the shared one. */
export function modifying(name = 'NAME', isLocal: (key: string) => boolean = () => false): Correction {
  return (change) => {
    const local = Object.keys(change).some(isLocal) ? ['--local'] : [];
    return ['ocrpipe remote modify', name, ...flags(change), ...local].join(' ');
  };
}

/** For a remote that is to be added: refused, it is in no configuration yet. */
export function adding(name: string, settings: RemoteSettings): Correction {
  return (change) => {
    const { url, ...others } = { ...settings, ...change };
    return ['ocrpipe remote add', name, shellQuote(url), ...flags(others)].join(' ');
  };
}

function flags(settings: Partial<RemoteSettings>): string[] {
  return (['url', ...REMOTE_OPTIONS] as const).flatMap((key) => {
    const value = settings[key];
    if (value === undefined) return [];
    const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
    return [`--${flag} ${shellQuote(value)}`];
  });
}
