import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { isClean, status } from '../../src/actions/status.js';
import { unpushedText } from '../../src/cli/unpushed-text.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';

/** Two tracked paths and a remote that has one of them. */
async function halfPushed() {
  const workspace = new WorkspaceFolder(temporaryFolder());
  workspace.init();
  workspace.write('one/x', 'x');
  workspace.write('two/y', 'yy');
  await workspace.add('one', 'two');
  const place = temporaryFolder();
  const settings = { url: place };
  await remoteAdd({ name: 'disk', settings, makeDefault: true, check: false }, workspace.call);
  const send = (...targets: string[]) => push({ targets, jobs: 2, verify: false }, workspace.call);
  await send('one');
  const ask = () => status(workspace.call, { remote: { name: undefined } });
  return { workspace, place, send, ask };
}

describe('status --remote', () => {
  it('says of which paths the remote lacks something, and how much a push would send, and sends none of it', async () => {
    const { place, send, ask } = await halfPushed();
    const files = readdirSync(place, { recursive: true });
    const found = await ask();
    const { bytes } = found.unpushed!;
    // A file and a node.
    const two = { path: 'two', objects: 2, bytes };
    expect(found.unpushed).toEqual({ remote: 'disk', paths: [two], objects: 2, bytes });
    expect(isClean(found)).toBe(false);
    expect(readdirSync(place, { recursive: true })).toEqual(files);
    expect(unpushedText(found.unpushed!)).toContain("'ocrpipe push --remote disk' sends 2 objects");
    const sent = await send();
    expect(sent.objects).toBe(2);
    const after = await ask();
    expect(after.unpushed).toEqual({ remote: 'disk', paths: [], objects: 0, bytes: 0 });
    expect(isClean(after)).toBe(true);
  });

  it('says what is neither here nor there', async () => {
    const { workspace, ask } = await halfPushed();
    rmSync(join(workspace.root, '.ocrstore/packs'), { recursive: true });
    const { unpushed } = await ask();
    expect(unpushed?.paths).toEqual([{ path: 'two', objects: 0, bytes: 0, nowhere: true }]);
    expect(unpushedText(unpushed!)).toContain('two  some of it is neither here nor there');
  });
});
