import type { EventSink } from '../../base/events.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { Change, Correction } from '../../remote/backends/correction.js';
import type { LocalStore } from '../../store/local-store.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { FileAddress, S3Access } from './file-address.js';
import type { FolderTaker } from './folder-download.js';
import { downloadObject } from './s3-file.js';
import { downloadFolder } from './s3-folder.js';
import { downloadUrl, type UrlFile } from './url-file.js';

export interface DownloadOptions {
  store: LocalStore;
  /** Where the bytes go, if not into the store; they stand in a file of its `tmp/`. */
  take?: (file: string, snapshot: Snapshot) => Promise<void>;
  /** The same for a folder. */
  takeFolder?: FolderTaker;
  /** How objects of a bucket are reached. */
  access: S3Access;
  correct: Correction;
  events: EventSink;
  signal: AbortSignal;
  /** Where this machine remembers what it downloaded of a folder. */
  memory: string;
  /** Downloads at once. */
  jobs: number;
  /** What was seen of it before: only something else is downloaded. */
  known?: UrlSource;
}

/** Brings a file, or a folder of a bucket, by its address into the store, verified as far as its server allows; undefined if it is still the known version. */
export function downloadFile(address: FileAddress, options: DownloadOptions): Promise<UrlFile | undefined> {
  if (address.kind === 's3') return downloadObject(address, options);
  return address.kind === 's3-folder' ? downloadFolder(address, options) : downloadUrl(address.url, options);
}

/** For an object that is to be imported. */
export function importing(url: string): Correction {
  return (change) => ['ocrpipe import-url', ...flags(change), shellQuote(change.url ?? url)].join(' ');
}

/** For one that was imported to `path`: whose credentials are used is not part of its pointer. */
export function updating(path: string, url: string): Correction {
  return (change) => {
    const { profile, ...rest } = change;
    const isOwn = profile !== undefined && Object.keys(rest).length === 0;
    if (isOwn) return ['ocrpipe update', shellQuote(path), ...flags(change)].join(' ');
    return [importing(url)(change), shellQuote(path), '--force'].join(' ');
  };
}

function flags({ endpoint, region, profile }: Change): string[] {
  return Object.entries({ endpoint, region, profile }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellQuote(value)}`],
  );
}
