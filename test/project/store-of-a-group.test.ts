import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalStore } from '../../src/store/local-store.js';
import { OCRPIPE_SCRIPT } from '../rig/ocrpipe.js';
import { canSwitchUser, spawnAs } from '../rig/other-user.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Two people of one group, whose own files nobody else may read. */
const GROUP = 71_000;
const USERS = { ann: 71_001, bea: 71_002 };

function runAs(user: number, cwd: string, args: readonly string[]): string {
  const command = `umask 077; exec "${process.execPath}" "${OCRPIPE_SCRIPT}" ${args.join(' ')}`;
  const result = spawnAs({ user, group: GROUP }, ['sh', '-c', command], { cwd });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout;
}

describe.skipIf(!canSwitchUser)('a store of a group', () => {
  test('is read and written by all of its members, whatever they keep from others', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const store = join(folder, 'store');
    mkdirSync(store);
    chownSync(store, USERS.ann, GROUP);
    const homes = Object.entries(USERS).map(([name, user]) => {
      const home = join(folder, name);
      mkdirSync(home);
      chownSync(home, user, GROUP);
      runAs(user, home, ['init', '--no-git', '--store', '../store', '--shared']);
      return { home, user };
    });
    const [ann, bea] = [homes[0]!, homes[1]!];
    expect(statSync(store).mode & 0o2070).toBe(0o2070);
    writeFileSync(join(ann.home, 'large'), Buffer.alloc(1_100_000, 'ann'));
    writeFileSync(join(bea.home, 'large'), Buffer.alloc(1_100_000, 'bea'));
    writeFileSync(join(bea.home, 'small'), 'small');
    runAs(ann.user, ann.home, ['add', 'large']);
    runAs(bea.user, bea.home, ['add', 'large', 'small']);
    writeFileSync(join(bea.home, 'large.ocr'), runCat(ann.home, 'large.ocr'));
    // What another user stored may not be linked to where the system protects links: the next type serves.
    runAs(bea.user, bea.home, ['checkout', '--link', 'hardlink,copy', 'large']);
    expect(statSync(join(bea.home, 'large'))).toMatchObject({ uid: bea.user, size: 1_100_000 });
    for (const each of readdirSync(store, { recursive: true, withFileTypes: true })) {
      const stat = statSync(join(each.parentPath, each.name));
      expect(stat.gid).toBe(GROUP);
      if (each.isDirectory()) expect(stat.mode & 0o2070).toBe(0o2070);
      else expect(stat.mode & 0o040).toBe(0o040);
    }
    expect([...LocalStore.open(store).looseObjects()]).toHaveLength(2);
    // What a member keeps from the others is not taken to be gone.
    chmodSync(bea.home, 0o700);
    for (const forget of [[], ['--forget-workspace', bea.home]]) {
      const gc = () => runAs(ann.user, ann.home, ['gc', '-w', '--now', ...forget]);
      expect(gc).toThrow('workspace-closed');
    }
  });

  test('is begun by a member in a folder that somebody else opened to the group', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'store'));
    chownSync(join(folder, 'store'), 0, GROUP);
    chmodSync(join(folder, 'store'), 0o2775);
    mkdirSync(join(folder, 'ann'));
    chownSync(join(folder, 'ann'), USERS.ann, GROUP);
    const said = runAs(USERS.ann, join(folder, 'ann'), [
      'init',
      '--no-git',
      '--store',
      '../store',
      '--shared',
    ]);
    expect(said).toContain('a new store');
    expect(statSync(join(folder, 'store', 'packs')).mode & 0o2070).toBe(0o2070);
  });
});

function runCat(folder: string, name: string): string {
  return spawnSync('cat', [name], { cwd: folder, encoding: 'utf8' }).stdout;
}
