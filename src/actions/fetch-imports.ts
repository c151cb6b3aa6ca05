import { OcrpipeError } from '../base/errors.js';
import { bringImported, isHere } from '../project/source/imported.js';
import type { Workspace } from '../project/workspace.js';
import type { LocalStore } from '../store/local-store.js';
import type { RepositorySource } from '../tracking/pointers/import-source.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { sumTransfers, type Transferred } from './remote-session.js';
import { targetName, type TargetPath } from './remote-targets.js';

/** A target that was imported from another repository. */
export interface ImportedPath extends TargetPath {
  source: RepositorySource;
}

/** True for what another repository has: its own remote keeps the bytes. */
export function isFromRepository({ source }: Snapshot): boolean {
  return source !== undefined && 'repository' in source;
}

/** Parts what is to be brought into imports that are not here yet, and all that is this workspace's own. */
export function splitImports(
  store: LocalStore,
  paths: readonly TargetPath[],
): { imported: ImportedPath[]; own: TargetPath[] } {
  const imported: ImportedPath[] = [];
  const own: TargetPath[] = [];
  for (const target of paths) {
    const { source } = target.snapshot;
    if (source === undefined || !('repository' in source)) own.push(target);
    else if (!isHere(store, target)) imported.push({ ...target, source });
  }
  return { imported, own };
}

/** Brings each import from its source; why that did not work is told by name, and keeps the others from nothing. */
export async function fetchImports(
  workspace: Workspace,
  imported: readonly ImportedPath[],
  jobs: number,
): Promise<{ brought: Transferred; failures: Map<string, OcrpipeError> }> {
  const started = performance.now();
  const failures = new Map<string, OcrpipeError>();
  let brought: Transferred = { objects: 0, packs: 0, bytes: 0, requests: 0, seconds: 0 };
  for (const target of imported) {
    try {
      const one = await bringImported(target, target.source, workspace, jobs);
      brought = sumTransfers(brought, { ...one, seconds: 0 });
    } catch (error) {
      if (!(error instanceof OcrpipeError) || workspace.signal.aborted) throw error;
      const name = targetName(target);
      failures.set(name, forPath(name, error));
    }
  }
  const seconds = Math.round(performance.now() - started) / 1000;
  return { brought: { ...brought, seconds }, failures };
}

function forPath(path: string, error: OcrpipeError): OcrpipeError {
  const { code, message, hint, exitCode, location } = error;
  return new OcrpipeError(code, `${path}, which was imported, cannot be had: ${message}`, {
    exitCode,
    cause: error,
    ...(hint !== undefined && { hint }),
    ...(location !== undefined && { location }),
  });
}

/** Where an import is from, for people. */
export function sourceName({ source }: ImportedPath): string {
  return source.repository;
}
