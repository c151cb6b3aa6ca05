import type { Finding } from '../../store/fsck/finding.js';
import type { PackTable } from '../../store/pack-format.js';

/** Something on a remote that is not what its name says, or that is named and not there. */
export interface RemoteFinding extends Finding {
  /** Of the file on the remote. */
  key: string;
  /** True if there is nothing under that key. */
  gone: boolean;
  /** Of a pack, or an object in one: the table of the pack, as a catalog has it. */
  table?: PackTable;
}
