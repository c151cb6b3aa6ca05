import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportResult } from '../../../src/actions/import.js';
import type { UpdateResult } from '../../../src/actions/update.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { ownCertificate, serveGit, type GitServer, type OwnCertificate } from '../../rig/git-https.js';
import { SSHD, startSshServer, type SshServer } from '../../rig/ssh-server.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import type { TestWorkspace } from '../../rig/workspace.js';
import { Source } from './source-workspace.js';

const openssl = spawnSync('openssl', ['version']).status === 0;

/** What another machine has of a source: bare clones on a server, one for everybody and one behind a password. */
let home: AbsPath;
let source: Source;
let served: string;
let count = 0;

beforeAll(async () => {
  home = temporaryFolder(afterAll);
  source = await Source.make(home);
  served = join(home, 'served');
  for (const place of ['open', 'private']) {
    const bare = join(served, place, 'plates.git');
    await source.workspace.git('clone', '--quiet', '--bare', '.', bare);
    await source.workspace.git('-C', bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  }
});

const newUser = (): Promise<TestWorkspace> => source.user(`user-${(count += 1)}`);

interface Failure {
  exitCode: number | undefined;
  code: string;
  message: string;
  hint: string;
}

async function fails(
  user: TestWorkspace,
  args: string[],
  env: Record<string, string> = {},
): Promise<Failure> {
  const { exitCode, stdout } = await user.run([...args, '--json'], env);
  return { exitCode, ...(JSON.parse(stdout) as { error: Omit<Failure, 'exitCode'> }).error };
}

/** All that is done with a repository of a server, by one machine and then by another. */
async function worksWith(url: string, place: string, env: Record<string, string>): Promise<void> {
  const user = await newUser();
  const run = async <T>(...args: string[]): Promise<T> => {
    const { exitCode, stdout } = await user.run([...args, '--json'], env);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    return JSON.parse(stdout) as T;
  };
  expect((await run<{ entries: unknown[] }>('ls', url, 'data')).entries).toHaveLength(2);
  await run('get', url, 'README.md');
  const imported = await run<ImportResult>('import', url, 'model.bin', '-o', 'imported.bin');
  expect(user.read('imported.bin')).toBe('weights');
  expect(imported.source.repository).toBe(url);
  const same = await run<UpdateResult>('update');
  expect(same.imports).toMatchObject([{ state: 'unchanged' }]);

  const { workspace } = source;
  workspace.write('model.bin', `better weights ${count}`);
  await workspace.ocrpipe('add', 'model.bin');
  await workspace.ocrpipe('push');
  await workspace.commit('better');
  await workspace.git('push', '--quiet', join(served, place, 'plates.git'), 'main');
  expect((await user.run(['update', '--check'], env)).exitCode).toBe(3);
  expect((await run<UpdateResult>('update')).imports).toMatchObject([{ state: 'updated' }]);
  expect(user.read('imported.bin')).toBe(`better weights ${count}`);
  workspace.write('model.bin', 'weights');
  await workspace.ocrpipe('add', 'model.bin');
  await workspace.commit('back');
  await workspace.git('push', '--quiet', join(served, place, 'plates.git'), 'main');
}

describe.skipIf(!openssl)('a repository behind https (needs openssl)', () => {
  let certificate: OwnCertificate;
  let server: GitServer;
  let trusting: Record<string, string>;
  beforeAll(async () => {
    certificate = ownCertificate(home)!;
    server = await serveGit(served, { tls: certificate, user: { name: 'me', password: 'hidden-word' } });
    trusting = { GIT_SSL_CAINFO: certificate.file };
  });
  afterAll(() => {
    server.stop();
  });

  it('is listed, read, imported and followed', async () => {
    await worksWith(`${server.url}/open/plates.git`, 'open', trusting);
  });

  it('is asked with what a credential helper knows, and never with a prompt', async () => {
    const user = await newUser();
    const url = `${server.url}/private/plates.git`;
    const refused = await fails(user, ['ls', url], trusting);
    expect(refused).toMatchObject({ exitCode: 2, code: 'repository-denied' });
    expect(refused.hint).toContain('credential helper');
    const config = join(home, 'gitconfig');
    writeFileSync(config, '[credential]\n\thelper = "!f() { echo username=me; echo password=$WORD; }; f"\n');
    const wrong = { ...trusting, GIT_CONFIG_GLOBAL: config, WORD: 'wrong' };
    expect(await fails(user, ['ls', url], wrong)).toMatchObject({ code: 'repository-denied' });
    const known = await user.run(['ls', url], { ...wrong, WORD: 'hidden-word' });
    expect(known).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify([refused, known])).not.toContain('hidden-word');
  });

  it("is named where there is none, and where its certificate is nobody's", async () => {
    const user = await newUser();
    expect(await fails(user, ['ls', `${server.url}/open/none.git`], trusting)).toMatchObject({
      exitCode: 2,
      code: 'repository-missing',
    });
    const untrusted = await fails(user, ['ls', `${server.url}/open/plates.git`]);
    expect(untrusted).toMatchObject({ exitCode: 2, code: 'repository-tls' });
    expect(untrusted.hint).toContain('http.sslCAInfo');
  });
});

describe('a repository whose server is not there', () => {
  it.each([
    'https://127.0.0.1:1/plates.git',
    'https://no-such-host.invalid/plates.git',
    'ssh://git@127.0.0.1:1/plates.git',
    'git@no-such-host.invalid:plates.git',
  ])('%s is told so', async (url) => {
    const user = await newUser();
    const failure = await fails(user, ['ls', url], { GIT_SSH_COMMAND: 'ssh -F none -o BatchMode=yes' });
    expect(failure).toMatchObject({ exitCode: 2, code: 'repository-offline' });
    expect(failure.message).toContain(url);
  });
});

describe('a repository by way of ssh', () => {
  it('is reached by the command that git is told to call in the place of ssh', async () => {
    const command = join(home, 'stand-in-ssh');
    // Called as `ssh [options] user@host "git-upload-pack 'path'"`; what is asked for is done here.
    writeFileSync(command, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', { mode: 0o755 });
    mkdirSync(join(home, 'empty'), { recursive: true });
    const env = { GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: 'ssh' };
    await worksWith(`ssh://git@example.org${served}/open/plates.git`, 'open', env);
    const user = await newUser();
    const none = await fails(user, ['ls', `git@example.org:${home}/empty`], env);
    expect(none).toMatchObject({ exitCode: 2, code: 'repository-missing' });
  });

  it('asks nobody for a word, and names the key that lacks', async () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const called =
      'echo "$@" >> "$SSH_CALLS"; echo "git@example.org: Permission denied (publickey)." >&2; exit 255';
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\n${called}\n`, { mode: 0o755 });
    const user = await newUser();
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SSH_CALLS: user.path('calls') };
    const denied = await fails(user, ['ls', 'git@example.org:team/plates'], env);
    expect(denied).toMatchObject({ exitCode: 2, code: 'repository-denied' });
    expect(denied.hint).toContain('ssh-add');
    expect(user.read('calls').trim().split('\n')).toHaveLength(1);
    expect(user.read('calls')).toContain('BatchMode=yes');
    await user.git('config', '--file', join(home, 'own-ssh'), 'core.sshCommand', join(bin, 'ssh'));
    user.remove('calls');
    await fails(user, ['ls', 'git@example.org:team/plates'], {
      ...env,
      GIT_CONFIG_GLOBAL: join(home, 'own-ssh'),
    });
    expect(user.read('calls')).not.toContain('BatchMode');
  });
});

describe.skipIf(SSHD === undefined)('a repository behind a real sshd (needs sshd)', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshServer(join(home, 'sshd'), SSHD!);
  });
  afterAll(() => {
    server.stop();
  });

  it('is listed, read, imported and followed', async () => {
    await worksWith(`${server.url}${served}/open/plates.git`, 'open', {
      GIT_SSH_COMMAND: server.commands.trusted,
    });
  });

  it('says whether it is the host, the key or the path that is wrong', async () => {
    const user = await newUser();
    const url = `${server.url}${served}/open/plates.git`;
    const asked = (command: string, address = url) =>
      fails(user, ['ls', address], { GIT_SSH_COMMAND: command });
    const host = await asked(server.commands.unknownHost);
    expect(host).toMatchObject({ exitCode: 2, code: 'repository-host-key' });
    expect(host.hint).toContain('fingerprint');
    expect(await asked(server.commands.withoutKey)).toMatchObject({ code: 'repository-denied' });
    expect(await asked(server.commands.trusted, `${server.url}/none.git`)).toMatchObject({
      code: 'repository-missing',
    });
  });
});
