import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config/read-settings.js';
import {
  addRemote,
  findRemote,
  modifyRemote,
  removeRemote,
  setDefaultRemote,
} from '../../src/config/remotes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** How long garbage can be had back unless the configuration says otherwise. */
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

function folderWith(files: { shared?: string; local?: string }) {
  const folder = temporaryFolder();
  if (files.shared !== undefined) writeFileSync(join(folder, 'config.yaml'), files.shared);
  if (files.local !== undefined) writeFileSync(join(folder, 'config.local.yaml'), files.local);
  return folder;
}

const shared = (folder: string) => readFileSync(join(folder, 'config.yaml'), 'utf8');

describe('reading the configuration', () => {
  test('a workspace without files has no remotes', () => {
    expect(readSettings(folderWith({}))).toEqual({ remotes: {}, pools: {}, graceMs: WEEK_MS });
  });

  test('the file of this machine wins key by key', () => {
    const folder = folderWith({
      shared:
        'version: 1\nremotes:\n  s: {url: s3://bucket/p, region: eu-west-1}\n  t: {url: ../t}\ndefault: s\n',
      local: 'remotes:\n  s: {endpoint: "http://127.0.0.1:8333", pathStyle: true}\ndefault: t\n',
    });
    expect(readSettings(folder)).toEqual({
      remotes: {
        s: { url: 's3://bucket/p', region: 'eu-west-1', endpoint: 'http://127.0.0.1:8333', pathStyle: true },
        t: { url: '../t' },
      },
      pools: {},
      graceMs: WEEK_MS,
      default: 't',
    });
  });

  test('an unknown key is an error with its place and the nearest name', () => {
    const folder = folderWith({ shared: 'version: 1\nremotes:\n  s:\n    url: x\n    endpiont: http://h\n' });
    expect(() => readSettings(folder)).toThrow(
      expect.objectContaining({
        code: 'unknown-key',
        exitCode: 2,
        location: { file: '.ocrstore/config.yaml', line: 5, column: 5 },
        hint: "Did you mean 'endpoint'?",
      }),
    );
  });

  test('an unknown key at the top is an error too', () => {
    const folder = folderWith({ local: 'defualt: x\n' });
    expect(() => readSettings(folder)).toThrow(
      expect.objectContaining({
        code: 'unknown-key',
        location: { file: '.ocrstore/config.local.yaml', line: 1, column: 1 },
        hint: "Did you mean 'default'?",
      }),
    );
  });

  test.each([
    ['version: 2\n', 1],
    ['version: 1\nremotes:\n  s: {url: x, pathStyle: maybe}\n', 3],
    ['version: 1\nremotes:\n  s: {url: x, endpoint: no-address}\n', 3],
    ['version: 1\npools: {licence: 0}\n', 2],
  ])('a wrong value names its line: %j', (text, line) => {
    expect(() => readSettings(folderWith({ shared: text }))).toThrow(
      expect.objectContaining({
        code: 'invalid-value',
        exitCode: 2,
        location: expect.objectContaining({ line }) as unknown,
      }),
    );
  });

  test('a remote of this machine alone needs an address', () => {
    expect(() => readSettings(folderWith({ local: 'remotes:\n  s: {region: x}\n' }))).toThrow(
      expect.objectContaining({ code: 'invalid-value', exitCode: 2 }),
    );
  });

  test.each([
    'version: 1\nremotes:\n  s: {url: s3://b, secretAccessKey: abc}\n',
    'version: 1\nremotes:\n  s: {url: s3://b, access_key_id: abc}\n',
    'version: 1\ntoken: abc\n',
    'version: 1\nremotes:\n  s: {url: "https://me:pw@host/b"}\n',
  ])('secrets are refused: %j', (text) => {
    const read = () => readSettings(folderWith({ shared: text }));
    expect(read).toThrow(expect.objectContaining({ code: 'secret-in-config', exitCode: 2 }));
    expect(read).not.toThrow(/abc|pw/);
  });

  test('a remote may be called like a secret', () => {
    const folder = folderWith({ shared: 'version: 1\nremotes:\n  token: {url: ../t}\n' });
    expect(findRemote(readSettings(folder), 'token').url).toBe('../t');
  });
});

describe('remotes', () => {
  test('the first one becomes the default and comments stay', () => {
    const folder = folderWith({ shared: '# ours\nversion: 1 # the format\n' });
    addRemote(folder, { name: 'store', url: 's3://b/p', region: 'eu-west-1' });
    expect(shared(folder)).toBe(
      '# ours\nversion: 1 # the format\nremotes:\n  store:\n    url: s3://b/p\n    region: eu-west-1\ndefault: store\n',
    );
    addRemote(folder, { name: 'other', url: '../o' });
    expect(findRemote(readSettings(folder))).toEqual({ name: 'store', url: 's3://b/p', region: 'eu-west-1' });
    setDefaultRemote(folder, 'other');
    expect(findRemote(readSettings(folder)).name).toBe('other');
    expect(shared(folder)).toContain('# the format');
  });

  test('a setting can be changed and taken away, in either file', () => {
    const folder = folderWith({ shared: 'version: 1\n' });
    addRemote(folder, { name: 's', url: 's3://b', profile: 'p' });
    modifyRemote(folder, 's', { profile: undefined, region: 'x' });
    modifyRemote(folder, 's', { endpoint: 'http://localhost:1' }, { scope: 'local' });
    expect(findRemote(readSettings(folder))).toEqual({
      name: 's',
      url: 's3://b',
      region: 'x',
      endpoint: 'http://localhost:1',
    });
    expect(shared(folder)).not.toContain('endpoint');
  });

  test('a removed remote leaves both files and the default', () => {
    const folder = folderWith({ shared: 'version: 1\n' });
    addRemote(folder, { name: 's', url: 's3://b' });
    modifyRemote(folder, 's', { endpoint: 'http://localhost:1' }, { scope: 'local' });
    removeRemote(folder, 's');
    expect(readSettings(folder)).toEqual({ remotes: {}, pools: {}, graceMs: WEEK_MS });
    expect(shared(folder)).toBe('version: 1\n');
  });

  test('what cannot be done changes nothing and says what can be typed', () => {
    const folder = folderWith({ shared: 'version: 1\n' });
    expect(() => findRemote(readSettings(folder))).toThrow(
      expect.objectContaining({ code: 'no-remote', exitCode: 2 }),
    );
    addRemote(folder, { name: 'store', url: 's3://b' });
    const before = shared(folder);
    expect(() => {
      addRemote(folder, { name: 'store', url: 'x' });
    }).toThrow(expect.objectContaining({ code: 'remote-exists' }));
    expect(() => {
      removeRemote(folder, 'stroe');
    }).toThrow(expect.objectContaining({ code: 'unknown-remote', hint: "Did you mean 'store'?" }));
    removeRemote(folder, 'store');
    expect(() => {
      removeRemote(folder, 'store');
    }).toThrow(expect.objectContaining({ code: 'unknown-remote', hint: 'This workspace has none.' }));
    addRemote(folder, { name: 'store', url: 's3://b' });
    expect(() => {
      addRemote(folder, { name: 'bad name', url: 'x' });
    }).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => {
      modifyRemote(folder, 'store', { endpoint: 'nonsense' });
    }).toThrow(expect.objectContaining({ code: 'invalid-value' }));
    expect(shared(folder)).toBe(before);
    expect(existsSync(join(folder, 'config.local.yaml'))).toBe(false);
  });
});
