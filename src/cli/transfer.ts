import * as Flags from '@oclif/core/flags';
import type { Transferred } from '../actions/remote-session.js';
import type { TransferScope } from '../actions/transfer-scope.js';
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
  'all-branches': Flags.boolean({
    char: 'a',
    description: 'also what the last commit of each branch names, remote-tracking ones included',
  }),
  'all-tags': Flags.boolean({ char: 'T', description: 'also what each tag names' }),
  'all-commits': Flags.boolean({
    char: 'A',
    description: 'also what any commit names that a branch, a tag or another ref leads to',
  }),
  'all-experiments': Flags.boolean({ description: 'also what each experiment names' }),
  runs: Flags.boolean({
    description: 'also every run record, with what its run made: repro then restores instead of running',
  }),
  'allow-missing': Flags.boolean({
    description: 'only warn of what is nowhere, and of pointers in old commits that cannot be read',
  }),
};

/** What the flags of a transfer ask for beyond what the workspace names. */
export function transferScope(flags: Readonly<Record<string, unknown>>): TransferScope {
  const given = (name: keyof typeof transferFlags): boolean => flags[name] === true;
  return {
    ...{ branches: given('all-branches'), tags: given('all-tags'), commits: given('all-commits') },
    ...{ experiments: given('all-experiments'), runs: given('runs'), allowMissing: given('allow-missing') },
  };
}

/** What a transfer did, in one line. */
export function transferText(result: Transferred & { remote: string }, done: string): string {
  const { objects, packs, bytes, requests, seconds, remote } = result;
  const cost = `${countText(requests, 'request')}, ${secondsText(seconds)}`;
  if (objects === 0) return `nothing new (${remote}: ${cost})`;
  const how = packs === 0 ? '' : ` in ${countText(packs, 'pack')}`;
  return `${countText(objects, 'object')}${how} ${done} ${remote}: ${bytesText(bytes)}, ${cost}`;
}
