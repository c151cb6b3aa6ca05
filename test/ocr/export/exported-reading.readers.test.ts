import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docExample } from '../../rig/doc-example.js';
import { ocrpipeJson, runOcrpipe, runProcess } from '../../rig/ocrpipe.js';
import { READERS_PYTHON } from '../../rig/python-readers.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Reads short lines of the digits 0 to 3. */
const MODEL = fileURLToPath(new URL('../../fixtures/models/version-1', import.meta.url));
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

interface Reading {
  image: string;
  text: string;
}

let folder: string;
let expected: Reading[];

beforeAll(async () => {
  folder = temporaryFolder(afterAll);
  const call = { cwd: folder };
  await runOcrpipe(
    'synth --out lines --count 200 --alphabet 0123 --length 2..4 --height 16 --seed 8 --noise 2'.split(' '),
    call,
  );
  await runOcrpipe(['model', 'export', MODEL, '--onnx', 'm.onnx', '--tfjs', 'plate'], call);
  expected = await ocrpipeJson<Reading[]>(['predict', '--model', MODEL, 'lines/images'], call);
});

describe('an exported model', () => {
  it('reads 200 images with the Python of the docs as predict does', async () => {
    writeFileSync(join(folder, 'read.py'), docExample('models.md', 'python'));
    const images = expected.map(({ image }) => image);
    const { stdout, stderr } = await runProcess(READERS_PYTHON, ['read.py', 'm.onnx', ...images], {
      cwd: folder,
    });
    expect(stderr).toBe('');
    const texts = stdout.trimEnd().split('\n');
    expect(texts).toEqual(expected.map(({ image, text }) => `${image}\t${text}`));
    expect(new Set(expected.map(({ text }) => text)).size).toBeGreaterThan(50);
  });

  const title = 'reads 50 images in Chromium with the page of the docs as predict does';
  if (CHROMIUM === undefined) it.skip(`${title} (needs Chromium, which is not installed)`);
  else
    it(title, async () => {
      const some = expected.slice(0, 50);
      const readings = await inBrowser(
        CHROMIUM,
        some.map(({ image }) => image),
      );
      expect(readings).toEqual(some.map(({ text }) => text));
    });
});

/** What stands for `dist/tf.min.js` of the package with everything: its parts, one after the other. */
function tensorflow(): string {
  const parts = ['core/dist/tf-core', 'backend-cpu/dist/tf-backend-cpu', 'converter/dist/tf-converter'];
  return parts
    .map((part) => readFileSync(join(ROOT, `node_modules/@tensorflow/tfjs-${part}.min.js`), 'utf8'))
    .join('\n');
}

/** The page of the docs, which reads these images by itself and sends what it read. */
function page(images: readonly string[]): string {
  const drive = `
    const texts = [];
    for (const name of ${JSON.stringify(images)}) texts.push((await readText(await (await fetch(name)).blob())).text);
    await fetch('/done', { method: 'POST', body: JSON.stringify(texts) });
  `;
  return docExample('models.md', 'html').replace(/<\/script>\s*$/, `${drive}</script>`);
}

async function inBrowser(chromium: string, images: readonly string[]): Promise<unknown> {
  let done: (texts: unknown) => void;
  const result = new Promise<unknown>((resolve) => (done = resolve));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    if (path === '/done') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.end();
        done(JSON.parse(body));
      });
      return;
    }
    const { type, body } = served(path, images);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const profile = temporaryFolder();
  const browser = spawn(
    chromium,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${profile}`,
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: 'ignore', detached: true, env: { ...process.env, HOME: profile } },
  );
  const ended = new Promise<void>((resolve) =>
    browser.on('exit', () => {
      resolve();
    }),
  );
  try {
    return await Promise.race([result, ended.then(() => 'Chromium ended before it had read')]);
  } finally {
    // All of its processes: each writes to the profile, which is removed next.
    if (browser.exitCode === null) process.kill(-browser.pid!, 'SIGKILL');
    await ended;
    server.closeAllConnections();
    server.close();
  }
}

function served(
  path: string,
  images: readonly string[],
): { type: string; body: string | Buffer | undefined } {
  if (path === '/') return { type: 'text/html', body: page(images) };
  if (path === '/tf.min.js') return { type: 'text/javascript', body: tensorflow() };
  const file = join(folder, path);
  const type = basename(path).endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
  return { type, body: existsSync(file) ? readFileSync(file) : undefined };
}
