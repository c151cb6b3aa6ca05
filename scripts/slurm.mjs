/**
 * A real Slurm of one node for tests, on loopback and in a temporary folder, with a munged, ports and a state of its own.
 *
 *   node scripts/slurm.mjs install   installs Debian's packages, as root
 *   node scripts/slurm.mjs start [HIDDEN]   starts it, prints one line of JSON when its node is idle
 *
 * A started one runs until stdin closes or the process gets SIGTERM or SIGINT; then all is ended that belongs to it, jobs included. Its
 * partitions `low` and `high` share the node: a job of `high` preempts those of `low`. Of a folder HIDDEN the node, and what runs there,
 * see nothing: in their place is an empty one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem, runScript, runStep, steadyPorts } from './test-server.mjs';

const PACKAGES = ['slurm-wlm', 'munge'];
const TOOLS = ['slurmctld', 'slurmd', 'munged', 'sbatch'];
const START_SECONDS = 60;
/** More than the machine has: the jobs of tests mostly wait. */
const CPUS = 8;

function isInstalled() {
  return TOOLS.every((tool) => spawnSync('which', [tool], { stdio: 'ignore' }).status === 0);
}

function install() {
  if (isInstalled()) return;
  if (process.getuid?.() !== 0) throw new Problem('Slurm is not installed, and only root can install it');
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0)
    throw new Problem('Slurm is not installed, and there is no apt-get to install it with');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const otherwise = `apt-get cannot install ${PACKAGES.join(' and ')}: it needs a package index that it can reach`;
  const quiet = ['-qq', '-o=Dpkg::Use-Pty=0'];
  runStep('apt-get', [...quiet, 'update'], { otherwise, env });
  runStep('apt-get', [...quiet, 'install', '--yes', '--no-install-recommends', ...PACKAGES], {
    otherwise,
    env,
  });
}

function configuration(folder, [controllerPort, nodePort]) {
  const host = hostname().split('.')[0];
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=5
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${CPUS} RealMemory=4096 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP PriorityTier=5 PreemptMode=OFF
PartitionName=low Nodes=${host} MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=${host} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
`;
}

function prepare(folder, ports) {
  chmodSync(folder, 0o755);
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'slurm.conf'), configuration(folder, ports));
  writeFileSync(join(folder, 'gres.conf'), `Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n`);
  writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o400 });
}

/** Answers to whoever has the key of the folder; ends with the folder. */
function startMunge(folder) {
  const file = (name) => join(folder, name);
  return spawn(
    'munged',
    ['--foreground', '--force', `--socket=${file('munge.socket')}`, `--key-file=${file('munge.key')}`].concat(
      [
        `--pid-file=${file('munged.pid')}`,
        `--log-file=${file('munged.log')}`,
        `--seed-file=${file('munged.seed')}`,
      ],
    ),
    { stdio: 'ignore', cwd: folder },
  );
}

/** Waits for something that ends well once it is so. */
async function until(what, isSo, server) {
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await delay(100)) {
    if (server.exitCode !== null) throw new Problem('munged ended at once');
    if (isSo()) return;
  }
  throw new Problem(`${what} within ${START_SECONDS} seconds`);
}

/** The processes that were started for this Slurm, or by it, whoever their parent is by now. */
function processesOf(conf) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => environmentOf(name).includes(`SLURM_CONF=${conf}`))
    .map(Number);
}

function environmentOf(process) {
  try {
    return readFileSync(join('/proc', process, 'environ'), 'utf8').split('\0');
  } catch {
    return [];
  }
}

function kill(process_) {
  try {
    process.kill(process_, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** The command that starts the node, which goes on in the background. */
function nodeCommand(conf, hidden) {
  const node = ['slurmd', '-f', conf, '-N', hostname().split('.')[0]];
  if (hidden === undefined) return node;
  const hide = 'mount -t tmpfs none "$1" && shift && exec "$@"';
  return ['unshare', '--mount', '--propagation=private', 'sh', '-c', hide, 'sh', hidden, ...node];
}

async function start(hidden) {
  install();
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-slurm-'));
  prepare(folder, await steadyPorts(2));
  const conf = join(folder, 'slurm.conf');
  const env = { ...process.env, SLURM_CONF: conf };
  const server = startMunge(folder);
  const run = (file, args) => spawnSync(file, args, { env, encoding: 'utf8', timeout: 20_000 });
  const stop = () => {
    // Until nothing is left: what is being ended may still start something.
    for (let left = processesOf(conf); left.length > 0; left = processesOf(conf)) left.forEach(kill);
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await until('munged did not answer', () => existsSync(join(folder, 'munge.socket')), server);
    run('slurmctld', ['-f', conf]);
    const [file, ...args] = nodeCommand(conf, hidden);
    run(file, args);
    const idle = () => run('sinfo', ['--noheader', '--format=%T']).stdout.includes('idle');
    await until("Slurm's node was not idle", idle, server);
  } catch (error) {
    const log = (name) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').slice(-1500) : '';
    process.stderr.write(['slurmctld.log', 'slurmd.log', 'munged.log'].map(log).join('\n'));
    stop();
    throw error;
  }
  const description = {
    folder,
    conf,
    node: hostname().split('.')[0],
    nodeCommand: nodeCommand(conf, hidden),
  };
  return { stop, server, description };
}

await runScript('slurm.mjs', { install, start });
