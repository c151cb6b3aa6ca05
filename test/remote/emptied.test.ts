import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetch } from '../../src/actions/fetch.js';
import { pull } from '../../src/actions/pull.js';
import { push } from '../../src/actions/push.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { remoteModify } from '../../src/actions/remote-modify.js';
import { remoteRemove } from '../../src/actions/remote-remove.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const TRANSFER = { targets: [], jobs: 2 };

class Workspace extends WorkspaceFolder {
  push(verify = false) {
    return push({ ...TRANSFER, verify }, this.call);
  }

  fetch() {
    return fetch(TRANSFER, this.call);
  }

  pull() {
    return pull({ ...TRANSFER, force: false }, this.call);
  }

  addRemote(url: string, check = true) {
    return remoteAdd({ name: 'share', settings: { url }, makeDefault: true, check }, this.call);
  }

  modifyRemote(url: string, local = false) {
    return remoteModify({ name: 'share', changes: { url }, unset: [], local }, this.call);
  }

  async track(content: string): Promise<void> {
    this.write('data', content);
    await this.add('data');
  }

  /** What git would bring to another machine: pointers and shared settings. */
  clone(): Workspace {
    const other = new Workspace(temporaryFolder());
    for (const name of ['data.ocr', '.ocrstore/config.yaml']) cpSync(this.path(name), other.path(name));
    return other;
  }
}

/** A workspace with one tracked file and a remote of its own, not pushed yet. */
async function withRemote(): Promise<{ workspace: Workspace; place: string }> {
  const workspace = new Workspace(temporaryFolder());
  workspace.init();
  const place = join(temporaryFolder(), 'mount');
  await workspace.addRemote(place);
  await workspace.track('first');
  return { workspace, place };
}

/** The share goes away, its mount point stays. */
function unmount(place: string): void {
  renameSync(place, `${place}-away`);
  mkdirSync(place);
}

function mount(place: string): void {
  rmSync(place, { recursive: true });
  renameSync(`${place}-away`, place);
}

describe('a remote that was used and stands there empty', () => {
  const refused = { code: 'remote-replaced', exitCode: 2 };

  it('is refused by every command, and nothing is written to it', async () => {
    const { workspace, place } = await withRemote();
    await workspace.push();
    await workspace.track('second');
    const elsewhere = workspace.clone();
    unmount(place);
    await expect(workspace.push()).rejects.toMatchObject(refused);
    await expect(workspace.push(true)).rejects.toMatchObject(refused);
    expect(readdirSync(place)).toEqual([]);
    mkdirSync(join(place, 'tmp'));
    await expect(workspace.push()).rejects.toMatchObject(refused);
    expect(readdirSync(place)).toEqual(['tmp']);
    mount(place);
    await workspace.push();
    await elsewhere.pull();
    expect(elsewhere.read('data')).toBe('second');
  });

  it('is refused by who only ever read from it', async () => {
    const { workspace, place } = await withRemote();
    await workspace.push();
    const reader = workspace.clone();
    await reader.pull();
    unmount(place);
    await reader.track('edited');
    await expect(reader.push()).rejects.toMatchObject(refused);
    rmSync(reader.path('.ocrstore/packs'), { recursive: true });
    await expect(reader.fetch()).rejects.toMatchObject(refused);
    await expect(reader.pull()).rejects.toMatchObject(refused);
  });

  it('is refused by who added it when it held something', async () => {
    const { workspace, place } = await withRemote();
    await workspace.push();
    const other = new Workspace(temporaryFolder());
    other.init();
    await other.addRemote(place);
    await other.track('other');
    unmount(place);
    await expect(other.push()).rejects.toMatchObject(refused);
  });

  it('is refused if it holds another store', async () => {
    const { workspace, place } = await withRemote();
    const { workspace: another, place: wrong } = await withRemote();
    for (const each of [workspace, another]) await each.push();
    await workspace.track('second');
    rmSync(place, { recursive: true });
    renameSync(wrong, place);
    const files = readdirSync(place, { recursive: true }).sort();
    await expect(workspace.push()).rejects.toMatchObject(refused);
    expect(readdirSync(place, { recursive: true }).sort()).toEqual(files);
  });

  it('is taken once it is named anew, as the hint says', async () => {
    const { workspace, place } = await withRemote();
    await workspace.push();
    unmount(place);
    const hint = `'ocrpipe remote modify share --url ${place}'`;
    await expect(workspace.push()).rejects.toMatchObject({ hint: expect.stringContaining(hint) as string });
    await workspace.modifyRemote(place);
    expect(await workspace.push()).toMatchObject({ packs: 1 });
  });

  it('is taken once it is removed and added', async () => {
    const { workspace, place } = await withRemote();
    await workspace.push();
    unmount(place);
    await remoteRemove('share', workspace.call);
    await workspace.addRemote(place, false);
    expect(await workspace.push()).toMatchObject({ packs: 1 });
  });

  it('is named with --local where this machine alone has that address', async () => {
    const { workspace, place } = await withRemote();
    const own = temporaryFolder();
    await workspace.modifyRemote(own, true);
    await workspace.push();
    unmount(own);
    const hint = `'ocrpipe remote modify share --url ${own} --local'`;
    await expect(workspace.push()).rejects.toMatchObject({ hint: expect.stringContaining(hint) as string });
    await workspace.modifyRemote(own, true);
    expect(await workspace.push()).toMatchObject({ packs: 1 });
    expect(readdirSync(place)).toEqual(['tmp']);
  });
});

describe('a remote that was never used', () => {
  it('may be empty, on any machine', async () => {
    const { workspace } = await withRemote();
    const clone = workspace.clone();
    await clone.track('mine');
    expect(await clone.push()).toMatchObject({ packs: 1 });
    expect(await workspace.push()).toMatchObject({ packs: 1 });
  });

  it('may be made anew before the first push', async () => {
    const { workspace, place } = await withRemote();
    await expect(workspace.clone().pull()).rejects.toMatchObject({ code: 'object-missing' });
    rmSync(place, { recursive: true });
    mkdirSync(place);
    expect(await workspace.push()).toMatchObject({ packs: 1 });
  });
});
