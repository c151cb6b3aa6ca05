// Runs a program where only some addresses are reached: `unshare -rn node isolated.mjs '{"addresses": {"HOST:PORT": SOCKET}, "command": […]}'`.
// Each address is a loopback one of the new network; what connects there is joined to the Unix socket, which networks do not part.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const { addresses, command } = JSON.parse(process.argv[2]);
const [file, ...args] = command;
ip('link', 'set', 'lo', 'up');
for (const [address, socket] of Object.entries(addresses)) {
  const [host, port] = address.split(':');
  if (!host.startsWith('127.')) ip('addr', 'add', `${host}/32`, 'dev', 'lo');
  const server = createServer((near) => {
    const far = connect(socket);
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  server.listen(Number(port), host).unref();
  await once(server, 'listening');
}
const child = spawn(file, args, { stdio: 'inherit' });
const [code] = await once(child, 'exit');
process.exit(code ?? 1);

function ip(...words) {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}
