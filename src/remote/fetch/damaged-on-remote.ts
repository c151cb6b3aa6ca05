import { OcrpipeError } from '../../base/errors.js';
import { SEND_AGAIN } from '../backends/remote-errors.js';
import type { MissingOnRemote } from './missing-on-remote.js';

/** So many objects are named. */
const NAMED = 3;

/** `object-damaged`: some of what is wanted is damaged on the remote. All the rest was brought before this is thrown. */
export class DamagedOnRemote extends OcrpipeError {
  /** `missing`: what was found nowhere besides. */
  constructor(damaged: readonly OcrpipeError[], missing?: MissingOnRemote) {
    const named = damaged.slice(0, NAMED).map(({ message }) => message);
    const more = damaged.length > NAMED ? [`and ${damaged.length - NAMED} more`] : [];
    super('object-damaged', [...named, ...more, ...(missing ? [missing.message] : [])].join('\n  '), {
      hint: `Everything else was brought. ${SEND_AGAIN}`,
    });
  }
}
