import { shellQuote } from '../../base/shell-quote.js';
import type { RemoteSettings } from '../../config/settings.js';

/** Settings as they would be typed; a word in capitals stands for what the user has to fill in. */
export type Change = Partial<Pick<RemoteSettings, 'url' | 'endpoint' | 'region' | 'profile'>>;

/** The command to type for a remote with other settings: what hints name. */
export type Correction = (change: Change) => string;

/** For a remote of the configuration. */
export function modifying(name = 'NAME'): Correction {
  return (change) => ['ocrpipe remote modify', name, ...flags(change)].join(' ');
}

/** For a remote that is to be added: refused, it is in no configuration yet. */
export function adding(name: string, settings: RemoteSettings): Correction {
  return (change) => {
    const { url, ...others } = { ...settings, ...change };
    return ['ocrpipe remote add', name, shellQuote(url), ...flags(others)].join(' ');
  };
}

function flags({ endpoint, region, profile, pathStyle, url }: Partial<RemoteSettings>): string[] {
  const texts = { url, endpoint, region, profile };
  const named = Object.entries(texts).flatMap(([key, value]) =>
    value === undefined ? [] : [`--${key} ${shellQuote(value)}`],
  );
  return pathStyle === undefined ? named : [...named, pathStyle ? '--path-style' : '--no-path-style'];
}
