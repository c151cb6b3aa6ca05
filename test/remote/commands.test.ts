import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../rig/ocrpipe.js';
import { remoteAdd } from '../../src/actions/remote-add.js';
import { remoteModify } from '../../src/actions/remote-modify.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../rig/workspace.js';
import { cloneOf, contents, workspaceWithData } from './workspaces.js';

interface Transferred {
  objects: number;
  packs: number;
  bytes: number;
  requests: number;
  seconds: number;
}

describe('push and pull with the real binary', () => {
  it('bring tracked data to a clone, byte for byte, and then have nothing to do', async () => {
    const { a } = await workspaceWithData();
    const pushed = await a.json<Transferred>('push');
    expect(pushed).toMatchObject({ objects: expect.any(Number) as number, packs: 1 });
    const again = await a.json<Transferred>('push');
    // The listing of packs/, and that of objects/ because the remote has a large file.
    expect(again).toMatchObject({ objects: 0, packs: 0, bytes: 0, requests: 2 });
    const b = await cloneOf(a);
    const pulled = await b.json<Transferred & { paths: string[] }>('pull');
    expect(pulled.objects).toBe(pushed.objects);
    expect(pulled.paths).toEqual(['data/raw']);
    expect(contents(b)).toEqual(contents(a));
    expect(await b.json<Transferred>('pull')).toMatchObject({ objects: 0, bytes: 0, requests: 0 });
    expect(await b.git('status', '--porcelain')).toBe('');
  });

  it('fetch fills the store and leaves the workspace alone; a part of a tracked folder can be pulled alone', async () => {
    const { a } = await workspaceWithData();
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    await b.ocrpipe('pull', 'data/raw/1');
    expect(existsSync(b.path('data/raw/1/1.bin'))).toBe(true);
    expect(existsSync(b.path('data/raw/2'))).toBe(false);
    const c = await cloneOf(a);
    await c.ocrpipe('fetch');
    expect(existsSync(c.path('data/raw'))).toBe(false);
    await c.ocrpipe('checkout');
    expect(contents(c)).toEqual(contents(a));
  });

  it('a pattern stands for what it means in the tracked folder, though nothing of that is here yet', async () => {
    const { a } = await workspaceWithData();
    const part = await a.json<Transferred>('push', 'data/r*/[01]/*');
    // Eight files, the two folders that are meant as a whole, and four listings by which they are found.
    expect(part.objects).toBe(8 + 2 + 4);
    expect((await a.json<Transferred>('push')).objects).toBe(13 + 4 - 8 - 2);
    const b = await cloneOf(a);
    const { paths } = await b.json<{ paths: string[] }>('pull', 'data/raw/*/1*', 'dat?/raw/0/3.bin');
    expect(paths).toEqual(['data/raw/1/1.bin', 'data/raw/1/10.bin', 'data/raw/2/11.bin', 'data/raw/0/3.bin']);
    expect(Object.keys(contents(b))).toEqual(['/0/3.bin', '/1/1.bin', '/1/10.bin', '/2/11.bin']);
    expect(await b.json('status')).toMatchObject({ tracked: [{ path: 'data/raw', state: 'clean' }] });
    expect(b.read('data/raw/1/10.bin')).toBe(a.read('data/raw/1/10.bin'));
    expect(await b.json('fetch', '**/large.bin')).toMatchObject({ objects: 1 });
    await b.ocrpipe('pull', '*/raw');
    expect(contents(b)).toEqual(contents(a));
    for (const command of ['pull', 'fetch', 'push']) {
      for (const typed of ['data/raw/x*', 'models/*', 'data/raw/1/1.bin/*']) {
        const refused = await b.run([command, typed]);
        expect(refused).toMatchObject({ exitCode: 2 });
        expect(refused.stderr).toContain(`nothing that is tracked matches '${typed}'`);
      }
    }
  });

  it('an edit of a part that was pulled alone drops nothing of the rest', { timeout: 120_000 }, async () => {
    const { a } = await workspaceWithData();
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    await b.ocrpipe('pull', 'data/raw/1');
    b.write(
      'pipeline.yaml',
      'stages:\n  part: {run: "ls data/raw/1 > out", deps: [data/raw/1], outs: [out]}\n',
    );
    const { tracked } = await b.json<{ tracked: unknown[] }>('status');
    expect(tracked).toEqual([{ path: 'data/raw', state: 'clean' }]);
    await b.ocrpipe('repro');
    b.write('data/raw/1/1.bin', 'edited');
    const found = await b.json<{ modified: { path: string }[]; deleted: unknown[]; unknown: unknown[] }>(
      'diff',
    );
    expect(found).toMatchObject({ modified: [{ path: 'data/raw/1/1.bin' }], deleted: [], unknown: [] });
    await b.ocrpipe('repro');
    expect(b.read('data/raw.ocr')).toContain('files: 13\n');
    b.write('data/raw/1/4.bin', 'edited too');
    await b.ocrpipe('commit');
    expect(b.read('data/raw.ocr')).toContain('files: 13\n');
    await b.ocrpipe('push');
    await b.commit('edited');
    const c = await cloneOf(b);
    await c.ocrpipe('pull');
    const expected = contents(a);
    expected['/1/1.bin'] = Buffer.from('edited').toString('base64');
    expected['/1/4.bin'] = Buffer.from('edited too').toString('base64');
    expect(contents(c)).toEqual(expected);
    await b.ocrpipe('pull');
    expect(contents(b)).toEqual(expected);
  });

  it('a stage that reads more than the pulled part says what to pull', async () => {
    const { a } = await workspaceWithData();
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    await b.ocrpipe('pull', 'data/raw/1');
    b.write('pipeline.yaml', 'stages:\n  all: {run: "ls data/raw > out", deps: [data/raw], outs: [out]}\n');
    const refused = await b.run(['repro']);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('ocrpipe pull data/raw');
    await b.ocrpipe('pull', 'data/raw');
    await b.ocrpipe('repro');
    expect(b.read('out').split('\n')).toEqual(['0', '1', '2', 'large.bin', '']);
  });

  it('one path that cannot be put in place does not keep the others from theirs', async () => {
    const { a } = await workspaceWithData(3);
    for (const name of ['one', 'two']) a.write(`${name}/x`, name);
    await a.ocrpipe('add', 'one', 'two');
    await a.commit('more');
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    b.write('data/raw/mine', 'not stored');
    const refused = await b.run(['pull']);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('data/raw/mine');
    expect([b.read('one/x'), b.read('two/x'), b.read('data/raw/mine')]).toEqual(['one', 'two', 'not stored']);
  });

  it('what nobody has pushed keeps nothing else from its place, and is named by path', async () => {
    const { a } = await workspaceWithData(3);
    a.write('one.txt', 'one');
    a.write('more/a.txt', 'a');
    await a.ocrpipe('add', 'one.txt', 'more');
    await a.ocrpipe('push');
    for (const name of ['two.txt', 'copy.txt']) a.write(name, 'two');
    a.write('more/grün.txt', 'b');
    await a.ocrpipe('add', 'two.txt', 'copy.txt', 'more');
    await a.commit('not pushed');
    const b = await cloneOf(a);
    for (const command of ['fetch', 'pull']) {
      const refused = await b.run([command]);
      expect(refused).toMatchObject({ exitCode: 1 });
      expect(refused.stderr.match(/^error: /gm)).toHaveLength(1);
      for (const part of ['two.txt', 'copy.txt', 'more', "'ocrpipe push'"]) {
        expect(refused.stderr).toContain(part);
      }
      expect(refused.stderr).not.toMatch(/one\.txt|data\/raw/);
    }
    expect(contents(b)).toEqual(contents(a));
    expect(b.read('one.txt')).toBe('one');
    expect(['two.txt', 'copy.txt', 'more'].filter((name) => b.has(name))).toEqual([]);
    await a.ocrpipe('push');
    await b.ocrpipe('pull');
    expect([b.read('two.txt'), b.read('copy.txt'), b.read('more/grün.txt')]).toEqual(['two', 'two', 'b']);
  });

  it('a folder that was pushed in another version is put there when the new one is pushed', async () => {
    const { a, place } = await workspaceWithData(3);
    await a.ocrpipe('push');
    a.write('data/raw/new/x', randomBytes(3000));
    await a.ocrpipe('add', 'data/raw');
    await a.commit('not pushed');
    const b = await cloneOf(a);
    const refused = await b.run(['pull']);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain(`the bytes of data/raw are neither here nor on ${place}`);
    const part = await b.run(['pull', 'data/raw/new']);
    expect(part).toMatchObject({ exitCode: 1 });
    await a.ocrpipe('push');
    await b.ocrpipe('pull');
    expect(contents(b)).toEqual(contents(a));
  });

  it('do not overwrite edited files without --force', async () => {
    const { a } = await workspaceWithData();
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    await b.ocrpipe('pull');
    b.write('data/raw/0/0.bin', 'edited');
    const refused = await b.run(['pull']);
    expect(refused.exitCode).not.toBe(0);
    expect(b.read('data/raw/0/0.bin')).toBe('edited');
    await b.ocrpipe('pull', '--force');
    expect(contents(b)).toEqual(contents(a));
  });

  it('say what to do where nothing is tracked under a name, or no remote is known', async () => {
    const { a } = await workspaceWithData(3);
    const unknown = await a.run(['push', 'data/rwa']);
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.stderr).toContain("Did you mean 'data/raw'?");
    const remote = await a.run(['push', '--remote', 'dsik']);
    expect(remote).toMatchObject({ exitCode: 2 });
    expect(remote.stderr).toContain("Did you mean 'disk'?");
    await a.ocrpipe('remote', 'remove', 'disk');
    const none = await a.run(['pull']);
    expect(none).toMatchObject({ exitCode: 2 });
    expect(none.stderr).toContain('ocrpipe remote add');
  });

  it('put no damaged object into the workspace, and everything else', async () => {
    const { a, place } = await workspaceWithData();
    await a.ocrpipe('push');
    const name = readdirSync(join(place, 'packs')).find((each) => each.endsWith('.pack'))!;
    const bytes = readFileSync(join(place, 'packs', name));
    bytes[7_000]! ^= 1;
    await runProcess('chmod', ['-R', 'u+w', place], { cwd: '/' });
    const damaged = new TestWorkspace(place);
    damaged.write(join('packs', name), bytes);
    const b = await cloneOf(a);
    const refused = await b.run(['pull']);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(name);
    const [all, brought] = [contents(a), contents(b)];
    const left = Object.keys(all).filter((each) => !(each in brought));
    expect(left).toHaveLength(1);
    expect(refused.stderr).toContain(`data/raw (${basename(left[0]!)})`);
    expect(brought).toEqual(Object.fromEntries(Object.entries(all).filter(([each]) => each !== left[0])));
  });
});

describe('a fresh clone of a workspace whose pipeline ran elsewhere', () => {
  /** Two stages, run and pushed. */
  async function pushedPipeline(): Promise<{ a: TestWorkspace; place: string }> {
    const { a, place } = await workspaceWithData(3);
    a.write(
      'pipeline.yaml',
      'stages:\n  list: {run: "ls data/raw > list", deps: [data/raw], outs: [list]}\n' +
        '  count: {run: "wc -l < list > count", deps: [list], outs: [count]}\n',
    );
    await a.ocrpipe('repro');
    await a.commit('run');
    await a.ocrpipe('push');
    return { a, place };
  }

  it('is told to pull all, by status and by a refused repro, and then nothing has to run', async () => {
    const { a } = await pushedPipeline();
    const b = await cloneOf(a);
    expect(await b.ocrpipe('status')).toContain(
      "'ocrpipe pull' gets them all; 'ocrpipe repro' then runs what is still stale.",
    );
    const refused = await b.run(['repro']);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("hint: Get them: 'ocrpipe pull'.");
    await b.ocrpipe('pull');
    const { stages } = await b.json<{ stages: { action: string }[] }>('repro');
    expect(stages.map(({ action }) => action)).toEqual(['fresh', 'fresh']);
    expect(await b.ocrpipe('status')).not.toMatch(/gets|has not its bytes/);
  });

  it('is warned before a stage runs whose result could be pulled, as long as there is a remote to pull from', async () => {
    const { a, place } = await pushedPipeline();
    const b = await cloneOf(a);
    await b.ocrpipe('pull', 'data/raw');
    const planned = await b.run(['repro', '--dry-run']);
    expect(planned.stderr).toContain(
      "list: pipeline.lock has its result, which is not on this machine; 'ocrpipe pull' or 'ocrpipe repro --pull' may bring it",
    );
    const ran = await b.run(['repro', '--events']);
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; code?: string });
    const first = (wanted: (event: { type: string; code?: string }) => boolean): number =>
      events.findIndex(wanted);
    expect(first(({ code }) => code === 'result-not-here')).toBeGreaterThanOrEqual(0);
    expect(first(({ code }) => code === 'result-not-here')).toBeLessThan(
      first(({ type }) => type === 'stage-start'),
    );
    expect((await a.run(['repro', '--force'])).stderr).not.toContain('not on this machine');
    const c = await cloneOf(a);
    await c.ocrpipe('pull', 'data/raw');
    renameSync(place, `${place}-away`);
    expect((await c.run(['repro'])).stderr).not.toContain('ocrpipe pull');
    expect(existsSync(place)).toBe(false);
  });
});

describe('the remote commands', () => {
  it('add, list, modify, choose and remove remotes', async () => {
    const a = await newWorkspace();
    const folder = temporaryFolder();
    const added = await a.json('remote', 'add', 'one', join(folder, 'one'));
    expect(added).toMatchObject({
      name: 'one',
      default: true,
      supports: { conditionalCreate: true, refusesDamage: true, ranges: true },
    });
    expect(readdirSync(join(folder, 'one', 'tmp'))).toEqual([]);
    await a.ocrpipe('remote', 'add', 'two', 's3://bucket/prefix', '--no-check', '--region', 'eu-west-1');
    expect(await a.json('remote', 'list')).toEqual([
      { name: 'one', url: join(folder, 'one'), default: true },
      { name: 'two', url: 's3://bucket/prefix', region: 'eu-west-1', default: false },
    ]);
    await a.ocrpipe('remote', 'modify', 'two', '--profile', 'team', '--unset', 'region');
    await a.ocrpipe('remote', 'default', 'two');
    expect(await a.json('remote', 'default')).toEqual({ default: 'two', toCommit: [] });
    expect(await a.json('remote', 'list')).toContainEqual({
      name: 'two',
      url: 's3://bucket/prefix',
      profile: 'team',
      default: true,
    });
    await a.ocrpipe('remote', 'remove', 'two');
    expect(a.read('.ocrstore/config.yaml')).not.toContain('bucket');
  });

  it('refuse an address that is none, or that holds a password, without repeating it', async () => {
    const a = await newWorkspace();
    for (const url of ['gs://bucket', 's3://KEY:hush-hush@bucket/p']) {
      const result = await a.run(['remote', 'add', 'x', url]);
      expect(result).toMatchObject({ exitCode: 2 });
      expect(result.stdout + result.stderr).not.toContain('hush-hush');
    }
    expect(await a.json('remote', 'list')).toEqual([]);
  });

  it('refuse an endpoint that is none by the flag, and say which file a setting is from', async () => {
    const workspace = await newWorkspace();
    await workspace.ocrpipe(
      'remote',
      'add',
      'x',
      's3://bucket/p',
      '--no-check',
      '--endpoint',
      'http://127.0.0.1:1',
    );
    const before = workspace.read('.ocrstore/config.yaml');
    const refused = [
      ['remote', 'add', 'y', 's3://bucket/p', '--endpoint', '127.0.0.1:8333'],
      ['remote', 'modify', 'x', '--endpoint', '127.0.0.1:8333'],
      ['import-url', 's3://bucket/p', '--endpoint', '127.0.0.1:8333'],
    ];
    for (const args of refused) {
      const { exitCode, stderr } = await workspace.run(args);
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringMatching(/bad-endpoint[^]*'http:\/\/127\.0\.0\.1:8333'/),
      ]);
    }
    const empty = await workspace.run(['remote', 'modify', 'x', '--region', '']);
    expect([empty.exitCode, empty.stderr]).toEqual([2, expect.stringContaining('Nothing was changed')]);
    expect(workspace.read('.ocrstore/config.yaml')).toBe(before);
    // A shared setting would not be heard: this machine's wins.
    await workspace.ocrpipe('remote', 'modify', 'x', '--profile', 'nobody', '--local');
    const { stderr } = await workspace.run(['status', '--remote'], {
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    });
    expect(stderr).toContain('ocrpipe remote modify x --profile PROFILE --local');
  });

  it('refuse a name that no remote can have, or that is taken, before anything is tried out', async () => {
    const a = new WorkspaceFolder(temporaryFolder());
    a.init();
    const place = join(temporaryFolder(), 'place');
    const tryToAdd = (name: string, url = place): Promise<unknown> =>
      remoteAdd({ name, settings: { url }, makeDefault: false, check: true }, a.call);
    for (const name of ['../x', '', '__proto__', 'a b']) {
      await expect(tryToAdd(name)).rejects.toMatchObject({ code: 'remote-name', exitCode: 2 });
    }
    expect(existsSync(place)).toBe(false);
    await tryToAdd('x');
    const other = join(place, '..', 'other');
    await expect(tryToAdd('x', other)).rejects.toMatchObject({ code: 'remote-exists', exitCode: 2 });
    expect(existsSync(other)).toBe(false);
    await expect(tryToAdd('y', '.ocrstore')).rejects.toMatchObject({ code: 'remote-url', exitCode: 2 });
    const changed = { name: 'x', changes: { url: '.ocrstore/x' }, unset: [], local: false };
    await expect(remoteModify(changed, a.call)).rejects.toMatchObject({ code: 'remote-url' });
  });

  it('make the last level of a new folder and say so, and refuse one whose parent is not there', async () => {
    const a = await newWorkspace();
    const parent = temporaryFolder();
    const said = await a.ocrpipe('remote', 'add', 'one', join(parent, 'one'));
    expect(said).toContain(`made the folder ${join(parent, 'one')}`);
    expect(await a.ocrpipe('remote', 'add', 'again', join(parent, 'one'))).not.toContain('made the folder');
    for (const url of [join(parent, 'typo', 'two'), 's3:/bucket']) {
      const refused = await a.run(['remote', 'add', 'two', url]);
      expect(refused).toMatchObject({ exitCode: 2 });
      const changed = await a.run(['remote', 'modify', 'one', '--url', url]);
      expect(changed).toMatchObject({ exitCode: 2 });
    }
    expect(readdirSync(parent)).toEqual(['one']);
    expect(existsSync(a.path('s3:'))).toBe(false);
    const misspelt = await a.run(['remote', 'modify', 'oen', '--url', join(parent, 'nowhere')]);
    expect(misspelt).toMatchObject({ exitCode: 2 });
    expect(misspelt.stderr).toContain("Did you mean 'one'?");
    expect(await a.run(['remote', 'modify', 'one', '--url', join(parent, 'two')])).toMatchObject({
      exitCode: 2,
    });
    expect(readdirSync(parent)).toEqual(['one']);
    expect(await a.json('remote', 'list')).toHaveLength(2);
  });

  it('refuse a folder that is gone after its first use, and never make it anew', async () => {
    const { a, place } = await workspaceWithData(3);
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    renameSync(place, `${place}-unmounted`);
    for (const [workspace, command] of [
      [a, 'push'],
      [b, 'fetch'],
      [b, 'pull'],
    ] as const) {
      const refused = await workspace.run([command]);
      expect(refused).toMatchObject({ exitCode: 2 });
      expect(refused.stderr).toContain(`the folder ${place} is not there`);
      expect(existsSync(place)).toBe(false);
    }
    renameSync(`${place}-unmounted`, place);
    await b.ocrpipe('pull');
    expect(contents(b)).toEqual(contents(a));
  });

  it('say so where the folder of a remote cannot be written', async () => {
    const a = await newWorkspace();
    a.write('file', 'in the way');
    const result = await a.run(['remote', 'add', 'x', a.path('file/inside')]);
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toContain('a file stands where a folder is needed');
    expect(result.stderr).toContain("'ocrpipe remote add x FOLDER'");
  });
});
