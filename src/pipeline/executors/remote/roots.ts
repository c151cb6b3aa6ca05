import type { PushRoot } from '../../../remote/push/push-plan.js';
import type { RemoteDescription } from './description.js';

/** What a job reads, as what is pushed and fetched with all below it. */
export function remoteRoots({ stage, inputs }: Pick<RemoteDescription, 'stage' | 'inputs'>): PushRoot[] {
  return inputs.map(({ id, kind, path }) => ({
    id,
    kind: kind === 'file' ? 'blob' : 'tree',
    name: path,
    storedBy: () => `Run 'ocrpipe repro ${stage}' again: it stores what the stage reads.`,
  }));
}
