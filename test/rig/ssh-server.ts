import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** The real server, if this machine has one; `OCRPIPE_TEST_SSHD` names another place. */
export const SSHD = [process.env['OCRPIPE_TEST_SSHD'] ?? '', '/usr/sbin/sshd', '/usr/local/sbin/sshd'].find(
  (file) => file !== '' && existsSync(file),
);

export interface SshServer {
  /** `ssh://user@127.0.0.1:port` */
  url: string;
  /** Values of GIT_SSH_COMMAND: with the key and the host's key known, without either. */
  commands: { trusted: string; unknownHost: string; withoutKey: string };
  stop: () => void;
}

/** Starts sshd on loopback for this user, who may come in with one key. */
export async function startSshServer(folder: string, sshd: string): Promise<SshServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ['host', 'user', 'stranger']) {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
  const publicKey = (name: string) =>
    spawnSync('ssh-keygen', ['-y', '-f', join(folder, name)])
      .stdout.toString()
      .trim();
  const port = await freePort();
  writeFileSync(join(folder, 'authorized'), `${publicKey('user')}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'known'), `[127.0.0.1]:${port} ${publicKey('host')}\n`);
  writeFileSync(
    join(folder, 'config'),
    [
      ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${folder}/host`, `PidFile ${folder}/pid`],
      ...[
        `AuthorizedKeysFile ${folder}/authorized`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
      ],
      ...['KbdInteractiveAuthentication no', 'PermitRootLogin yes', 'PermitUserEnvironment no', ''],
    ].join('\n'),
  );
  const server = spawn(sshd, ['-D', '-e', '-f', join(folder, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await listening(server);
  const ssh = (key: string, known: string): string =>
    `ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -i ${folder}/${key} -o UserKnownHostsFile=${known} -o GlobalKnownHostsFile=none`;
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    commands: {
      trusted: ssh('user', `${folder}/known`),
      unknownHost: ssh('user', `${folder}/nobody`),
      withoutKey: ssh('stranger', `${folder}/known`),
    },
    stop: () => {
      server.kill();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when it says so. */
function listening(server: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server listening')) resolve();
    });
    server.once('exit', () => {
      reject(new Error(`sshd ended: ${said}`));
    });
  });
}
