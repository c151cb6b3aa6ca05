import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { withinTime } from '../base/within-time.js';
import { addRemote, checkNewName, type NamedRemote } from '../config/remotes.js';
import { ensureProject } from '../config/project.js';
import type { RemoteSettings } from '../config/settings.js';
import { Workspace } from '../project/workspace.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { adding, type Correction } from '../remote/backends/correction.js';
import { probeReading, probeRemote, type Probed } from '../remote/backends/probe.js';
import { makeRemoteFolder, unmakeRemoteFolder } from '../remote/backends/remote-folder.js';
import { remoteUnreachable } from '../remote/backends/remote-errors.js';
import { parseRemoteUrl, type RemotePlaceUrl } from '../remote/backends/remote-url.js';
import { readFormat } from '../remote/catalog/remote-format.js';
import { forgetRemote, sourceOf } from './remote-session.js';
import { settingsToCommit, type ToCommit } from './to-commit.js';

export interface RemoteAddOptions {
  name: string;
  settings: RemoteSettings;
  makeDefault: boolean;
  /** Try it out first; nothing is added if it does not work. */
  check: boolean;
  /** So long the trial may take: a server that takes connections and never answers is told from a slow one. 25 s if left out. */
  patienceMs?: number;
}

export interface RemoteAdded extends ToCommit {
  name: string;
  url: string;
  default: boolean;
  /** What it was seen to do; absent if it was not tried out. */
  supports?: Probed;
  /** It was tried out by reading alone: there are no credentials to write with. */
  readOnly?: boolean;
  /** The folder that was made for it. */
  madeFolder?: string;
}

/** What a new remote was seen to be. */
type TriedOut = Pick<RemoteAdded, 'supports' | 'readOnly' | 'madeFolder'>;

/**
 * Adds a remote to the configuration that git shares, after trying it out: a folder is made then, if only its last level is
 * missing. The first one becomes the default.
 */
export async function remoteAdd(options: RemoteAddOptions, call: Call): Promise<RemoteAdded> {
  const { name, settings } = options;
  const workspace = Workspace.open(call, 'ocrpipe remote add');
  try {
    checkNewName(workspace.stateFolder, name);
    const place = parseRemoteUrl(settings.url, workspace.root);
    const { patienceMs = PATIENCE_MS } = options;
    const trial = { workspace, settings: { name, ...settings }, patienceMs, signal: call.signal };
    const tried = options.check ? await tryOut(trial, place) : {};
    if (!options.check) forgetRemote(workspace, settings);
    await workspace.exclusively('config', () => {
      addRemote(workspace.stateFolder, { name, ...settings }, { makeDefault: options.makeDefault });
      ensureProject(workspace.stateFolder);
    });
    const written = await settingsToCommit(workspace, call);
    return { name, url: settings.url, default: workspace.settings.default === name, ...tried, ...written };
  } finally {
    workspace.close();
  }
}

/** What is tried out, and how long. */
interface Trial {
  workspace: Workspace;
  settings: NamedRemote;
  patienceMs: number;
  signal: AbortSignal;
}

async function tryOut(trial: Trial, place: RemotePlaceUrl): Promise<TriedOut> {
  const { name, ...settings } = trial.settings;
  const correct = adding(name, settings);
  let made: string | undefined;
  try {
    if (place.kind === 'folder' && makeRemoteFolder(place.folder, correct)) made = place.folder;
    const supports = await probe(trial, correct);
    return {
      ...(supports ? { supports } : { readOnly: true }),
      ...(made !== undefined && { madeFolder: made }),
    };
  } catch (error) {
    // A refused remote leaves nothing behind; what somebody put into the folder meanwhile stays.
    if (made !== undefined) unmakeRemoteFolder(made);
    throw withoutCheckHint(error, `${correct({})} --no-check`);
  }
}

/** What it does, and which store it is if it has been used: that is remembered. */
async function probe(
  { workspace, settings, patienceMs, signal }: Trial,
  correct: Correction,
): Promise<Probed | undefined> {
  const remote = await openRemote(settings, workspace.root, correct);
  const address = settings.endpoint === undefined ? remote.where : `${remote.where} at ${settings.endpoint}`;
  const late = (): OcrpipeError =>
    remoteUnreachable(address, `no answer within ${patienceMs / 1000} seconds`, correct);
  try {
    return await withinTime({ signal, ms: patienceMs, late }, async (limited) => {
      const supports = await (settings.anonymous === true ? probeReading : probeRemote)(remote, limited);
      forgetRemote(workspace, settings);
      await readFormat({ ...sourceOf(workspace, settings, remote), signal: limited });
      return supports;
    });
  } finally {
    remote.close();
  }
}

const PATIENCE_MS = 25_000;

/** What may be so only here and now: another user, network or machine can use the remote all the same. */
const PASSES_ELSEWHERE = new Set([
  'credentials-missing',
  'credentials-expired',
  'remote-busy',
  'remote-denied',
  'remote-failed',
  'remote-folder-missing',
  'remote-interrupted',
  'remote-unreachable',
]);

function withoutCheckHint(error: unknown, command: string): unknown {
  if (!(error instanceof OcrpipeError) || !PASSES_ELSEWHERE.has(error.code)) return error;
  const { code, message, exitCode, cause } = error;
  const hint = [error.hint, `To add it without trying it out: '${command}'.`].filter(Boolean).join(' ');
  return new OcrpipeError(code, message, { hint, exitCode, cause });
}
