import { describe, expect, it } from 'vitest';
import { jobsThere } from '../../src/actions/gc-jobs.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { MemoryRemote } from '../../src/remote/backends/memory.js';
import { RemoteJob } from '../../src/remote/jobs/remote-job.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
const input = contentIdOf('input');
const output = contentIdOf('output');

const signal = new AbortController().signal;

function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A job that was made so many days ago. */
async function job(remote: MemoryRemote, name: string, days: number): Promise<RemoteJob> {
  const key = `jobs/workspace/${name}`;
  const attempt = new RemoteJob(remote, key);
  await attempt.describe(
    bytes({
      ...{ version: 1, stage: 'train', signature: contentIdOf(name), project: 'p', key, verify: false },
      ...{ input: { run: ['true'], wdir: '.' }, outs: [{ path: 'out' }], environment: {}, secrets: [] },
      inputs: [{ path: 'in', id: input, kind: 'directory', size: 1, files: 1 }],
      remote: { url: 's3://bucket' },
      created: new Date(NOW.getTime() - days * DAY_MS).toISOString(),
    }),
  );
  return attempt;
}

function end(attempt: RemoteJob): Promise<void> {
  return attempt.end(
    bytes({ version: 1, code: 0, outs: [{ path: 'out', id: output, kind: 'file', size: 1 }] }),
  );
}

describe('jobs on a remote that garbage is collected of', () => {
  it('keep what they read and what they have made, until nobody can wait for them any more', async () => {
    const remote = new MemoryRemote('memory', new Map(), () => NOW);
    await job(remote, 'waiting', 100);
    await end(await job(remote, 'ended', 20));
    await job(remote, 'forgotten', 130);
    await end(await job(remote, 'ended-long-ago', 40));
    const { roots, abandoned } = await jobsThere(remote, signal);
    expect(roots.map(({ id, kind }) => `${kind} ${id}`).sort()).toEqual(
      [`tree ${input}`, `tree ${input}`, `blob ${output}`].sort(),
    );
    expect(roots.every(({ optional }) => optional)).toBe(true);
    expect(abandoned.map(({ key }) => key).sort()).toEqual([
      'jobs/workspace/ended-long-ago',
      'jobs/workspace/forgotten',
    ]);
  });

  it('are abandoned where only pieces of a log came after they were taken away, and left alone where another version made them', async () => {
    const remote = new MemoryRemote('memory', new Map(), () => NOW);
    await new RemoteJob(remote, 'jobs/workspace/late').putPiece(3, Buffer.from('late\n'));
    await new RemoteJob(remote, 'jobs/workspace/newer').describe(bytes({ version: 2 }));
    const { roots, abandoned } = await jobsThere(remote, signal);
    expect(roots).toEqual([]);
    expect(abandoned.map(({ key }) => key)).toEqual(['jobs/workspace/late']);
    for (const each of abandoned) await each.remove();
    expect(await remote.list('jobs/workspace/late/')).toEqual([]);
  });

  it('run once at most: of several who start one, one goes on', async () => {
    const remote = new MemoryRemote('memory', new Map(), () => NOW);
    const attempt = await job(remote, 'one', 0);
    const claims = await Promise.all(['a', 'b', 'c'].map((node) => attempt.claim(node)));
    expect(claims.filter((claimed) => claimed)).toHaveLength(1);
  });
});
