import type { LinkType } from '../base/link-type.js';
import type { LockFiles } from '../base/lock-files.js';
import type { AbsPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import type { MakerOf } from './pointers/pointer.js';
import type { FileTimes } from './scan/file-times.js';

/** What the files of a workspace are looked at and changed with. */
export interface TrackedFilesParts {
  root: AbsPath;
  store: LocalStore;
  /** Git holds the workspace: `.gitignore` files are kept up, and folders that it ignores hold no pointers. */
  git: boolean;
  /** What the process does, for those who wait for it: 'ocrpipe add'. */
  command: string;
  /** For who changes files many times. */
  locks?: LockFiles;
  /** Asked only where a pointer is broken. */
  makerOf?: MakerOf;
  times?: FileTimes;
  /** How large files are placed where a checkout does not say; the first that works. */
  links?: readonly LinkType[];
}
