import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { remoteList } from '../../src/actions/remote-list.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Takes every connection, reads what is sent, and never answers. */
let server: Server;
const sockets = new Set<Socket>();

beforeAll(async () => {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  stubEnvironment(awsEnvironment(credentials));
  server = createServer((socket) => {
    sockets.add(socket.resume());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});

afterAll(() => {
  vi.unstubAllEnvs();
  for (const socket of sockets) socket.destroy();
  server.close();
});

describe('a server that never answers', () => {
  it('is given up by remote add after the time that its error names, with the endpoint', async () => {
    const workspace = new WorkspaceFolder(temporaryFolder());
    workspace.init();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const began = performance.now();
    const adding = remoteAdd(
      {
        name: 'x',
        settings: { url: 's3://bucket/p', endpoint },
        makeDefault: true,
        check: true,
        patienceMs: 300,
      },
      workspace.call,
    );
    await expect(adding).rejects.toMatchObject({
      code: 'remote-unreachable',
      exitCode: 2,
      message: `cannot reach s3://bucket/p at ${endpoint}: no answer within 0.3 seconds`,
      hint: expect.stringContaining('--no-check') as string,
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(remoteList(workspace.call)).toEqual([]);
  });
});
