import { userError } from '../base/errors.js';

interface Words {
  name: string | undefined;
  value: string | undefined;
  unset: boolean;
  list: boolean;
}

/** Refuses words of `ocrpipe config` that say two things at once, or not which setting is meant. */
export function refuseMixed({ name, value, unset, list }: Words): void {
  if (unset && name === undefined) {
    throw userError('missing-argument', '--unset needs the name of a setting', {
      hint: "'ocrpipe config --list' shows what is set.",
    });
  }
  if (unset && value !== undefined) {
    throw userError('unexpected-argument', `--unset takes a setting away, and '${value}' would set it`, {
      hint: 'Leave one of them out.',
    });
  }
  if (list && (unset || name !== undefined)) {
    throw userError('unexpected-argument', '--list shows all that is set', {
      hint: name === undefined ? 'Leave --unset out.' : `One alone: 'ocrpipe config ${name}'.`,
    });
  }
}
