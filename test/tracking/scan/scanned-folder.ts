import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContentId } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { LocalStore } from '../../../src/store/local-store.js';
import type { FileTimes } from '../../../src/tracking/scan/file-times.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { IgnoreRules } from '../../../src/tracking/ignore/ignore-rules.js';
import { Scanner } from '../../../src/tracking/scan/scan.js';
import { hashingSink } from '../../../src/tracking/scan/sinks.js';
import { scanPath } from '../../../src/tracking/scan/snapshot.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { StatsAhead } from '../../../src/tracking/scan/stats-ahead.js';
import { StoreLinks } from '../../../src/tracking/scan/store-links.js';
import { countingSink } from './counting-sink.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** Times count as settled at once: what is tested is not their age. */
const settled: FileTimes = {
  view: (stat) => stat,
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

/** A folder `data` that is scanned with what former scans left in the stat index. */
export class Scanned {
  readonly root = temporaryFolder();
  readonly #store: LocalStore;
  #anew = 0;

  constructor() {
    this.#store = LocalStore.create(join(this.root, '.ocrstore'));
    mkdirSync(join(this.root, 'data'));
  }

  /** The id, and the files that were read, by their bytes. */
  scan(times = settled, index = 'stat'): Promise<{ id: string | undefined; read: string[] }> {
    const { sink, read } = countingSink({ knows: () => true });
    const context = {
      root: this.root,
      index: this.index(index),
      times,
      storeLinks: new StoreLinks(this.#store, this.root),
    };
    return scanPath(context, 'data' as RepoPath, sink).then((found) => ({ id: found?.id, read }));
  }

  /** The id, by a scan that begins when other threads have looked at everything, and what they left to it. */
  async scanLookedAt(): Promise<ContentId> {
    const parts = { root: bytePath(this.root), top: bytePath('data'), index: this.index() };
    const ahead = StatsAhead.begin(parts, 1)!;
    await ahead.finished();
    const storeLinks = new StoreLinks(this.#store, this.root);
    const sink = hashingSink({ knows: () => true });
    const scanner = new Scanner({ ...parts, sink, times: settled, storeLinks, rules: true, ahead });
    const { dev } = statSync(join(this.root, 'data'));
    const scan = scanner.directory(parts.top, dev, IgnoreRules.none);
    let step = scan.next();
    // Without an answer the scan reads files itself.
    while (step.done !== true) step = scan.next();
    await ahead.close();
    return step.value.id;
  }

  /** What former scans left. */
  index(name = 'stat'): StatIndex {
    return new StatIndex(join(this.root, '.ocrstore/index', name));
  }

  /** Like `scan`, as the first there is. */
  scanAnew(times = settled): Promise<{ id: string | undefined; read: string[] }> {
    this.#anew += 1;
    return this.scan(times, `none-${this.#anew}`);
  }
}
