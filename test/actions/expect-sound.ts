import { expect } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import type { WorkspaceFolder } from './workspace-folder.js';

/** Nothing in the store is damaged or unknown, and every pointer names what is there. */
export async function expectSound(folder: WorkspaceFolder): Promise<void> {
  const { damaged, missing, problems, leftovers } = await fsck({}, folder.call);
  expect({ damaged, missing, problems, unknown: leftovers.unknown }).toEqual({
    damaged: [],
    missing: [],
    problems: [],
    unknown: [],
  });
}
