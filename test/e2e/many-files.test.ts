import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileListing } from '../rig/file-listing.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

/** From a thousand files on other threads write, which count their changes each on its own. */
const FOLDERS = 6;
const FILES = 600;

async function workspaceWithMany(): Promise<TestWorkspace> {
  const workspace = await newWorkspace(temporaryFolder(afterAll));
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    mkdirSync(workspace.path(`data/${folder}/ü`), { recursive: true });
    for (let file = 0; file < FILES; file += 1) {
      const name = `${file % 2 ? 'ü/' : ''}${file}.txt`;
      writeFileSync(workspace.path(`data/${folder}/${name}`), `${folder} ${file % 700}`);
    }
  }
  await workspace.ocrpipe('add', 'data');
  return workspace;
}

/** Changes a byte of the pack that holds this text. */
function damagePackWith(workspace: TestWorkspace, text: string): void {
  const packs = workspace.path('.ocrstore/packs');
  const files = readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.pack'),
  );
  const file = files.map((name) => join(packs, name)).find((name) => readFileSync(name).includes(text))!;
  const bytes = readFileSync(file);
  bytes.writeUInt8(0, bytes.indexOf(text));
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

const temporaries = (workspace: TestWorkspace) =>
  readdirSync(workspace.root).filter((name) => name.includes('ocrpipe-tmp'));

describe('a checkout of thousands of files', () => {
  let workspace: TestWorkspace;
  let files: string[];

  beforeAll(async () => {
    workspace = await workspaceWithMany();
    files = fileListing(workspace.path('data'));
    expect(files).toHaveLength(FOLDERS * FILES);
  });

  it.each([900, 1150])(
    'killed at change %i leaves nothing in place, and the next one does it all',
    async (at) => {
      workspace.remove('data');
      const killed = await workspace.run(['checkout'], { OCRPIPE_TEST_KILL_AT: `${at}` });
      expect(killed.signal).toBe('SIGKILL');
      expect(workspace.has('data')).toBe(false);
      await workspace.ocrpipe('checkout');
      expect(fileListing(workspace.path('data'))).toEqual(files);
      expect(temporaries(workspace)).toEqual([]);
      const { tracked } = await workspace.json<{ tracked: object[] }>('status');
      expect(tracked).toMatchObject([{ path: 'data', state: 'new' }]);
    },
  );

  it('names a file whose bytes are damaged and puts all others in place', async () => {
    workspace.write('data/3/odd.txt', 'the only file of its pack');
    await workspace.ocrpipe('add', 'data');
    damagePackWith(workspace, 'the only file');
    workspace.remove('data');
    const { exitCode, stderr } = await workspace.run(['checkout']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('data/3/odd.txt');
    expect(fileListing(workspace.path('data'))).toEqual(files);
  });
});
