import * as Flags from '@oclif/core/flags';
import { userError } from '../base/errors.js';
import { LINK_TYPES, type LinkType } from '../base/link-type.js';
import { suggest } from '../base/nearest.js';
import { FlagRefusal } from './number-flag.js';

const EXAMPLE = "For example '--link hardlink,copy'.";

/** `--link reflink,hardlink,symlink,copy`: types of links in the order in which they are tried. */
export const linkFlag = Flags.custom<readonly LinkType[]>({
  description: `how files of 1 MiB and more are placed, the first that works of ${LINK_TYPES.join(', ')}; also those in place`,
  helpValue: 'TYPE,…',
  parse: (text) => Promise.resolve(readLinks(text)),
});

function readLinks(text: string): readonly LinkType[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !isLinkType(word));
  if (unknown === undefined) return [...new Set(words.filter(isLinkType))];
  throw new FlagRefusal(
    userError('link-type', `'${unknown}' is no type of link`, {
      hint: unknown === '' ? EXAMPLE : `${suggest(unknown, LINK_TYPES)} ${EXAMPLE}`,
    }),
  );
}

function isLinkType(word: string): word is LinkType {
  return LINK_TYPES.some((type) => type === word);
}
