import type { ContentId } from '../../base/content-id.js';
import type { PathPattern } from '../../base/path-pattern.js';
import type { EventSink } from '../../base/events.js';
import type { LocalStore } from '../../store/local-store.js';
import type { RunRecords } from '../../store/run-records.js';
import type { ViewSource } from '../catalog/view-source.js';

/** Something to get with everything below it. */
export interface FetchRoot {
  id: ContentId;
  kind: 'blob' | 'tree' | 'listing';
  /** Bytes of a blob, where they are known. */
  size?: number;
  /** The path of the workspace that needs it, for messages. */
  name: string;
  /** Below a directory: raw bytes as latin1, '/'-separated, or a pattern. Only what lies there is fetched. */
  below?: string | PathPattern;
  /** Left out, rather than an error, if a part of it is nowhere. */
  optional?: boolean;
  /** Of a directory: its listing and those below it, without the files. */
  nodesOnly?: boolean;
}

export interface FetchInput extends ViewSource {
  store: LocalStore;
  runs: RunRecords;
  roots: readonly FetchRoot[];
  /** Keys of runs whose records are wanted, as far as the remote has any; or every record that it has. */
  runKeys: readonly ContentId[] | 'all';
  /** Free names for second files of large blobs, which are offered as `arrivedCopies` of the store. */
  copies?: ReadonlyMap<ContentId, string> | undefined;
  /** True: under these keys every record that the remote has, also where the store has one; else the first is enough. */
  everyRun?: boolean;
  /** Downloads at once. */
  jobs: number;
  events: EventSink;
  signal: AbortSignal;
}
