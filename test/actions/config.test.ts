import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configChange } from '../../src/actions/config-change.js';
import { configShow } from '../../src/actions/config-show.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';
import { WorkspaceFolder } from './workspace-folder.js';

const SHARED = '.ocrstore/config.yaml';
const LOCAL = '.ocrstore/config.local.yaml';

class Settings extends WorkspaceFolder {
  set(name: string, value: string, scope: 'shared' | 'local' = 'shared') {
    return configChange({ name, value, scope }, this.call);
  }

  unset(name: string, scope: 'shared' | 'local' = 'shared') {
    return configChange({ name, value: undefined, scope }, this.call);
  }

  show(name?: string, scope?: 'shared' | 'local') {
    return configShow({ name, scope }, this.call);
  }
}

function workspace(
  shared = 'version: 1\nremotes:\n  s: {url: ../s}\n  my.disk: {url: ../d} # dots\n',
): Settings {
  const folder = new Settings(gitRepository());
  folder.init(true);
  folder.write(SHARED, shared);
  gitCommitAll(folder.root, 'one');
  return folder;
}

describe('config', () => {
  test('sets what git shares, says what to commit, and shows where a value comes from', async () => {
    const folder = workspace();
    const { now, toCommit } = await folder.set('default', 's');
    expect(now).toEqual({
      name: 'default',
      value: 's',
      scope: 'shared',
      location: { file: SHARED, line: 5, column: 10 },
    });
    expect(toCommit).toEqual([SHARED]);
    expect(folder.show('default')).toEqual([now]);
    expect(git(folder.root, 'diff', '--shortstat')).toContain('1 insertion(+)');
  });

  test('the file of this machine wins, and what it hides is said', async () => {
    const folder = workspace();
    await folder.set('remotes.my.disk.region', 'eu');
    const { toCommit } = await folder.set('remotes.my.disk.region', 'us', 'local');
    expect(toCommit).toEqual([]);
    expect(folder.show('remotes.my.disk.region')).toMatchObject([
      { value: 'us', scope: 'local', overrides: { value: 'eu', location: { file: SHARED, line: 4 } } },
    ]);
    expect(folder.show('remotes.my.disk.region', 'shared')).toMatchObject([{ value: 'eu' }]);
    expect(await folder.set('remotes.my.disk.region', 'ap')).toMatchObject({
      hidden: true,
      now: { value: 'us' },
    });
    expect(await folder.unset('remotes.my.disk.region', 'local')).toMatchObject({ now: { value: 'ap' } });
    expect(folder.show().map(({ name }) => name)).toEqual([
      'remotes.my.disk.region',
      'remotes.my.disk.url',
      'remotes.s.url',
    ]);
  });

  test('takes values as their setting has them', async () => {
    const folder = workspace();
    await folder.set('pools.licence', '2.5');
    await folder.set('remotes.s.pathStyle', 'true');
    await folder.set('link', 'hardlink, copy');
    await folder.set('project', '12');
    expect(folder.show().map(({ name, value }) => [name, value])).toEqual([
      ['link', ['hardlink', 'copy']],
      ['pools.licence', 2.5],
      ['project', '12'],
      ['remotes.my.disk.url', '../d'],
      ['remotes.s.pathStyle', true],
      ['remotes.s.url', '../s'],
    ]);
  });

  test('refuses what the next command would refuse, and changes nothing', async () => {
    const folder = workspace();
    const before = folder.read(SHARED);
    const cases: [string, string | undefined, string, string][] = [
      ['defualt', 's', 'unknown-setting', "Did you mean 'default'?"],
      ['remotes.s.regoin', 'x', 'unknown-setting', "Did you mean 'remotes.s.region'?"],
      ['remotes.s', 'x', 'unknown-setting', "'ocrpipe config remotes.s.url'"],
      ['version', '2', 'unknown-setting', ''],
      ['get', 'default', 'unknown-setting', "'ocrpipe config NAME' shows a setting"],
      ['store.path', '../x', 'machine-setting', '--local'],
      ['default', 'none', 'unknown-remote', 'Known here'],
      ['remotes.none.region', 'eu', 'unknown-remote', 'Known here'],
      ['remotes.s.url', 'gs://bucket', 'remote-url', 's3://'],
      ['remotes.s.url', undefined, 'invalid-value', "'ocrpipe remote remove s'"],
      ['remotes.s.endpoint', 'no address', 'invalid-value', ''],
      ['remotes.s.pathStyle', 'maybe', 'invalid-value', 'Write true or false'],
      ['pools.licence', '-1', 'invalid-value', ''],
      ['pools.licence', 'many', 'invalid-value', ''],
      ['link', 'teleport', 'invalid-value', 'commas'],
      ['project', 'a b', 'invalid-value', ''],
      ['remotes.a b.url', '../x', 'invalid-value', ''],
      ['link', undefined, 'setting-not-set', '--list'],
    ];
    for (const [name, value, code, hint] of cases) {
      await expect(configChange({ name, value, scope: 'shared' }, folder.call), name).rejects.toMatchObject({
        code,
        exitCode: 2,
        ...(hint !== '' && { hint: expect.stringContaining(hint) as string }),
      });
    }
    expect(folder.read(SHARED)).toBe(before);
    expect(() => folder.show('link')).toThrow(expect.objectContaining({ code: 'setting-not-set' }));
  });

  test('keeps secrets out of both files', async () => {
    const folder = workspace();
    for (const scope of ['shared', 'local'] as const) {
      for (const [name, value] of [
        ['remotes.s.secretAccessKey', 'x'],
        ['remotes.s.aws_session_token', 'x'],
        ['password', 'x'],
        ['remotes.s.url', 's3://key:secret@bucket'],
        ['remotes.s.endpoint', 'https://user@host'],
      ] as const) {
        const refusal = folder.set(name, value, scope);
        await expect(refusal).rejects.toMatchObject({ code: 'secret-in-config' });
        await expect(refusal).rejects.not.toThrow(/secret@|user@/);
      }
    }
    expect(existsSync(folder.path(LOCAL))).toBe(false);
  });

  test('a file with a mistake in it is named, with the place, and left as it is', async () => {
    const folder = workspace();
    folder.write(SHARED, 'version: 1\ndefualt: s\n');
    await expect(folder.set('default', 's')).rejects.toMatchObject({
      code: 'unknown-key',
      location: { file: SHARED, line: 2 },
    });
    expect(folder.read(SHARED)).toBe('version: 1\ndefualt: s\n');
  });
});
