import { randomUUID } from 'node:crypto';
import type { AbsPath } from '../base/paths.js';
import { editConfigFile } from './config-file.js';
import { readSettings } from './read-settings.js';

/** Gives the workspace a name of its own on shared remotes unless it has one. `folder` is `.ocrstore/`. */
export function ensureProject(folder: AbsPath): void {
  if (readSettings(folder).project !== undefined) return;
  editConfigFile(folder, 'shared', (document) => {
    document.set('project', randomUUID());
  });
}
