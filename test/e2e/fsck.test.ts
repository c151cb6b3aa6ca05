import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace } from '../rig/workspace.js';

/** Changes a byte of `text` in the pack below `folder` that holds it. */
function damagePack(folder: string, text: string): void {
  const packs = readdirSync(folder).map((name) => join(folder, name));
  const file = packs.find((each) => readFileSync(each).includes(text))!;
  const bytes = readFileSync(file);
  bytes[bytes.indexOf(text)]! ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

it('finds damage with exit code 3, heals it from the workspace, the store and a remote, and is content then', async () => {
  const workspace = await newWorkspace();
  workspace.write('data/a.txt', 'the first text');
  workspace.write('data/b.txt', 'another text');
  await workspace.ocrpipe('add', 'data');
  const place = temporaryFolder();
  await workspace.ocrpipe('remote', 'add', 'disk', place);
  await workspace.ocrpipe('push');
  expect(await workspace.ocrpipe('fsck')).toContain('all sound');

  damagePack(workspace.path('.ocrstore/packs'), 'the first text');
  const found = await workspace.run(['fsck', '--json']);
  expect(found.exitCode).toBe(3);
  expect(JSON.parse(found.stdout)).toMatchObject({
    checked: 3,
    damaged: [
      {
        object: { kind: 'blob' },
        where: expect.any(String) as string,
        reason: expect.any(String) as string,
        paths: ['data/a.txt'],
      },
    ],
    missing: [],
  });
  const healed = await workspace.run(['fsck', '--repair']);
  expect(healed).toMatchObject({ exitCode: 0 });
  expect(healed.stdout).toContain('of data/a.txt: its bytes have another hash; healed from the workspace');

  damagePack(join(place, 'packs'), 'another text');
  const remote = await workspace.run(['fsck', '--remote']);
  expect(remote).toMatchObject({ exitCode: 3 });
  expect(remote.stdout).toContain("'ocrpipe fsck --remote disk --repair'");
  expect(await workspace.run(['fsck', '--remote', 'disk', '--repair'])).toMatchObject({ exitCode: 0 });
  expect(await workspace.run(['fsck', '--remote'])).toMatchObject({ exitCode: 0 });

  rmSync(workspace.path('data'), { recursive: true });
  damagePack(workspace.path('.ocrstore/packs'), 'another text');
  expect(await workspace.ocrpipe('fsck', '--repair')).toContain('healed from a remote');
  await workspace.ocrpipe('checkout');
  expect(workspace.read('data/b.txt')).toBe('another text');
});

it('refuses a name without --remote, and a time that is none', async () => {
  const workspace = await newWorkspace();
  expect(await workspace.run(['fsck', 'disk'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("'ocrpipe fsck --remote disk'") as unknown,
  });
  expect(await workspace.run(['fsck', '--budget', '10'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(
      "--budget is a time like 90s, 10m or 1h30m, not '10' [bad-duration]",
    ) as unknown,
  });
});
