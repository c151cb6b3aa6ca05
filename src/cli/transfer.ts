import * as Flags from '@oclif/core/flags';
import type { Transferred } from '../actions/remote-session.js';
import { countText } from '../base/count-text.js';
import { bandwidthFlag } from './bandwidth-flag.js';
import { bytesText, secondsText } from './units.js';

/** Flags of push, fetch and pull. */
export const transferFlags = {
  remote: Flags.string({
    char: 'r',
    helpValue: 'NAME',
    description: 'the remote to use instead of the default one',
  }),
  bandwidth: bandwidthFlag({ description: 'bytes a second at most, like 500kB or 10MB' }),
};

/** What a transfer did, in one line. */
export function transferText(result: Transferred & { remote: string }, done: string): string {
  const { objects, packs, bytes, requests, seconds, remote } = result;
  const cost = `${countText(requests, 'request')}, ${secondsText(seconds)}`;
  if (objects === 0) return `nothing new (${remote}: ${cost})`;
  const how = packs === 0 ? '' : ` in ${countText(packs, 'pack')}`;
  return `${countText(objects, 'object')}${how} ${done} ${remote}: ${bytesText(bytes)}, ${cost}`;
}
