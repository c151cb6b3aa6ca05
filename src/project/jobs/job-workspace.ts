import { lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Call } from '../../base/call.js';
import { absPath, fromRepoPath, type AbsPath } from '../../base/paths.js';
import { removeTree } from '../../base/remove-tree.js';
import type { JobInput, JobOutput, RemoteDescription } from '../../pipeline/executors/remote/description.js';
import { remoteRoots } from '../../pipeline/executors/remote/roots.js';
import type { Remote } from '../../remote/backends/remote.js';
import { FolderViewCache } from '../../remote/catalog/view-cache.js';
import type { ViewSource } from '../../remote/catalog/view-source.js';
import { fetchObjects } from '../../remote/fetch/fetch.js';
import type { PushRoot } from '../../remote/push/push-plan.js';
import { push } from '../../remote/push/push.js';
import { writeOut } from '../../tracking/checkout/write-out.js';
import { STATE_FOLDER } from '../find-workspace.js';
import { Workspace } from '../workspace.js';

/** Uploads or downloads at once. */
const JOBS = 4;

/** A workspace for one job alone, in a new folder: it holds what the job reads, and then what it makes. */
export class JobWorkspace {
  readonly root: AbsPath;
  readonly #workspace: Workspace;
  readonly #description: RemoteDescription;
  readonly #source: ViewSource;
  readonly #call: Call;

  /** In a folder of its own below `parent`. */
  static make(
    parent: string,
    parts: { description: RemoteDescription; remote: Remote; call: Call },
  ): JobWorkspace {
    mkdirSync(parent, { recursive: true });
    const root = absPath(mkdtempSync(join(parent, 'ocrpipe-job-')));
    mkdirSync(join(root, STATE_FOLDER));
    const { project } = parts.description;
    const settings = { version: 1, ...(project !== '' && { project }) };
    writeFileSync(join(root, STATE_FOLDER, 'config.yaml'), stringify(settings));
    return new JobWorkspace(root, parts);
  }

  private constructor(
    root: AbsPath,
    { description, remote, call }: { description: RemoteDescription; remote: Remote; call: Call },
  ) {
    this.root = root;
    this.#description = description;
    this.#call = call;
    this.#workspace = Workspace.open({ ...call, cwd: root }, 'ocrpipe job run');
    const cache = new FolderViewCache(join(root, STATE_FOLDER, 'index', 'remotes'), remote.where);
    this.#source = { remote, cache, accept: 'ocrpipe repro' };
  }

  /** Brings what the job reads and puts it in place, verified; makes the folders that it runs in and writes to. */
  async fill(): Promise<void> {
    const { store, records: runs, files } = this.#workspace;
    const { inputs, outs, input } = this.#description;
    await fetchObjects({
      ...this.#transfer(),
      store,
      runs,
      roots: remoteRoots(this.#description),
      runKeys: [],
    });
    for (const { path, part, persist, ...snapshot } of inputs as readonly JobInput[]) {
      if (part) continue;
      mkdirSync(dirname(fromRepoPath(this.root, path)), { recursive: true });
      await files.checkout(path, snapshot, this.#call);
      if (persist) await files.unlink(path, this.#call);
    }
    for (const each of inputs) if (each.part) await this.#placePart(each as JobInput);
    for (const { path } of outs) mkdirSync(dirname(fromRepoPath(this.root, path)), { recursive: true });
    mkdirSync(fromRepoPath(this.root, input.wdir), { recursive: true });
  }

  /** Stores what stands at the outputs, and sends it. What was not made is left out. */
  async send(signal: AbortSignal): Promise<JobOutput[]> {
    const { store, records: runs, files } = this.#workspace;
    const { project, verify } = this.#description;
    const paths = this.#description.outs.map(({ path }) => path);
    const snapshots = await files.storeAll(paths, { events: this.#call.events, signal });
    const outs = paths.flatMap((path, index): JobOutput[] => {
      const snapshot = snapshots[index];
      return snapshot ? [{ path, ...snapshot }] : [];
    });
    const wanted = { roots: outs.map(rootOf), runs: [], project };
    await push({ ...this.#transfer(), signal, source: { store, runs }, wanted, verify });
    return outs;
  }

  /** With all that is in it. */
  remove(): void {
    this.#workspace.close();
    removeTree(this.root);
  }

  close(): void {
    this.#workspace.close();
  }

  /** Other files may stand in the same folder, or come to it: it is written aside, and its files moved. */
  async #placePart({ path, part: _part, ...snapshot }: JobInput): Promise<void> {
    const aside = mkdtempSync(join(this.root, STATE_FOLDER, 'part-'));
    const whole = absPath(join(aside, 'files'));
    await writeOut(this.#workspace.store, snapshot, whole, this.#call);
    moveInto(Buffer.from(whole), Buffer.from(fromRepoPath(this.root, path)));
    removeTree(aside);
  }

  #transfer() {
    return { ...this.#source, jobs: JOBS, events: this.#call.events, signal: this.#call.signal };
  }
}

/** Moves what is not there already; folders are joined. Names are bytes. */
function moveInto(from: Buffer, to: Buffer): void {
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (!lstatSync(from).isDirectory()) {
    if (there === undefined) renameSync(from, to);
    return;
  }
  if (there === undefined) mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from, { encoding: 'buffer' })) {
    const below = Buffer.concat([Buffer.from('/'), name]);
    moveInto(Buffer.concat([from, below]), Buffer.concat([to, below]));
  }
}

function rootOf({ path, id, kind }: JobOutput): PushRoot {
  return { id, kind: kind === 'file' ? 'blob' : 'tree', name: path };
}
