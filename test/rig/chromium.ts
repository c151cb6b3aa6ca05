import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { docExample } from './doc-example.js';
import { temporaryFolder } from './temporary-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Undefined where none is installed. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (file) => existsSync(file),
);

/** What a page is to read: images and a model, which the page knows as `plate`, in a folder. */
interface Task {
  folder: string;
  model: string;
  images: readonly string[];
}

/** The texts that the page of docs/models.md reads in Chromium; a text that says what went wrong if something did. */
export async function readInChromium(chromium: string, task: Task): Promise<unknown> {
  let done: (texts: unknown) => void;
  const result = new Promise<unknown>((resolve) => (done = resolve));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    if (path === '/done') {
      void bodyOf(request).then((body) => {
        response.end();
        done(JSON.parse(body));
      });
      return;
    }
    const { type, body } = served(task, path);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await whileOpen(chromium, `http://127.0.0.1:${port}/`, result);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens a page until `result` is there, or the browser has ended. */
async function whileOpen(chromium: string, address: string, result: Promise<unknown>): Promise<unknown> {
  const profile = temporaryFolder();
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
  const browser = spawn(chromium, [...flags, address], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, HOME: profile },
  });
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
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function served(
  { folder, model, images }: Task,
  path: string,
): { type: string; body: string | Buffer | undefined } {
  if (path === '/') return { type: 'text/html', body: page(images) };
  if (path === '/tf.min.js') return { type: 'text/javascript', body: tensorflow() };
  const file = join(folder, path.replace(/^\/plate\//, `/${model}/`));
  const type = basename(path).endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
  return { type, body: existsSync(file) ? readFileSync(file) : undefined };
}

/** What stands for `dist/tf.min.js` of the package with everything: its parts, one after the other. */
function tensorflow(): string {
  const parts = ['core/dist/tf-core', 'backend-cpu/dist/tf-backend-cpu', 'converter/dist/tf-converter'];
  return parts
    .map((part) => readFileSync(join(ROOT, `node_modules/@tensorflow/tfjs-${part}.min.js`), 'utf8'))
    .join('\n');
}

/** The page of the docs, which reads these images by itself and sends what it read, or what went wrong. */
function page(images: readonly string[]): string {
  const drive = `
    const send = (answer) => fetch('/done', { method: 'POST', body: JSON.stringify(answer) });
    try {
      const texts = [];
      for (const name of ${JSON.stringify(images)}) texts.push((await readText(await (await fetch(name)).blob())).text);
      await send(texts);
    } catch (error) {
      await send(String(error));
    }
  `;
  return docExample('models.md', 'html').replace(/<\/script>\s*$/, `${drive}</script>`);
}
