import { startServer } from './server-process.js';

/**
 * What a line does to bytes on their way, by Toxiproxy's names: `latency` {latency, jitter} ms, `bandwidth` {rate} KB/s,
 * `reset_peer` {timeout} ms, `limit_data` {bytes}, `timeout` {timeout} ms (0: silence for ever), `slicer`.
 */
export interface Toxic {
  type: 'latency' | 'bandwidth' | 'reset_peer' | 'limit_data' | 'timeout' | 'slicer';
  /** `downstream`: what the server says; `upstream`: what it is sent. */
  stream: 'upstream' | 'downstream';
  attributes: Readonly<Record<string, number>>;
}

/** A TCP connection point that leads to a server, as well as it is told to. */
export interface Line {
  endpoint: string;
  /** Every connection is under these from now on, those that stand too. */
  set(toxics: readonly Toxic[]): Promise<void>;
  /** Cuts every connection and refuses new ones, or takes them again. */
  up(up: boolean): Promise<void>;
}

export interface Toxiproxy {
  lineTo(endpoint: string): Promise<Line>;
  stop: () => Promise<void>;
}

/** Starts Toxiproxy, building it first if need be; undefined, with the reason on stderr, where that cannot be done. */
export async function startToxiproxy(): Promise<Toxiproxy | undefined> {
  const { description, stop } = await startServer<{ api: string }>('toxiproxy.mjs');
  if (description === undefined) return undefined;
  const { api } = description;
  let lines = 0;
  return { stop, lineTo: (endpoint) => openLine(api, `line-${(lines += 1)}`, endpoint) };
}

async function openLine(api: string, name: string, endpoint: string): Promise<Line> {
  const { host } = new URL(endpoint);
  const { listen } = (await ask(`${api}/proxies`, { name, upstream: host, listen: '127.0.0.1:0' })) as {
    listen: string;
  };
  const proxy = `${api}/proxies/${name}`;
  const named = new Set<string>();
  return {
    endpoint: `http://${listen}`,
    set: async (toxics) => {
      for (const toxic of named) await ask(`${proxy}/toxics/${toxic}`, undefined, 'DELETE');
      named.clear();
      for (const [index, toxic] of toxics.entries()) {
        const toxicName = `${toxic.type}-${index}`;
        await ask(`${proxy}/toxics`, { name: toxicName, ...toxic });
        named.add(toxicName);
      }
    },
    up: async (enabled) => {
      await ask(proxy, { enabled });
    },
  };
}

async function ask(url: string, body: object | undefined, method = 'POST'): Promise<unknown> {
  const answer = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Toxiproxy refused ${method} ${url}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
