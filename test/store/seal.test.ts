import {
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { LocalStore } from '../../src/store/local-store.js';
import { isSealed, seal } from '../../src/store/seal.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newStore } from './new-store.js';

const isSealedFile = (path: string): boolean => isSealed(statSync(path, { bigint: true }));

const BYTES = Buffer.alloc(1_200_000, 5);
const ID = contentIdOf(BYTES);

/** A store with one large blob, which has a second name outside of it. */
function linkedStore() {
  const root = newStore();
  const writer = LocalStore.open(root).writer();
  writer.putBlob(BYTES);
  writer.finish();
  const file = LocalStore.open(root).objectFile(ID);
  const link = join(temporaryFolder(), 'link');
  linkSync(file, link);
  return { root, file, link };
}

function writeInPlace(path: string): void {
  chmodSync(path, 0o644);
  const fd = openSync(path, 'r+');
  writeSync(fd, 'edited', 1000);
  closeSync(fd);
}

describe('a stored large blob', () => {
  it('is sealed, and more links to it do not break the seal', () => {
    const { file, link } = linkedStore();
    expect(isSealedFile(file)).toBe(true);
    expect(isSealedFile(link)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o444);
  });

  it('that was written to through another name counts as absent at once, and is set aside, not deleted', () => {
    const { root, file, link } = linkedStore();
    writeInPlace(link);
    chmodSync(link, 0o444);
    const store = LocalStore.open(root);
    expect(store.has('blob', ID, BYTES.length)).toBe(false);
    expect(store.locate('blob', ID)).toBeUndefined();
    expect(() => store.sealedFile(ID)).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    expect(readdirSync(join(root, 'quarantine'))).toHaveLength(1);
    expect(() => statSync(file)).toThrow();
    expect(readFileSync(link).includes('edited')).toBe(true);
  });

  it('is stored anew by who has its bytes, while the edited file stays as it is', () => {
    const { root, file, link } = linkedStore();
    writeInPlace(link);
    const writer = LocalStore.open(root).writer();
    writer.putBlob(BYTES);
    expect(writer.finish().objects).toBe(1);
    expect(readFileSync(file).equals(BYTES)).toBe(true);
    expect(readFileSync(link).includes('edited')).toBe(true);
  });

  it('that only lost its seal is read once, found sound, and sealed again', () => {
    const { root, file } = linkedStore();
    chmodSync(file, 0o644);
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    expect(isSealedFile(file)).toBe(false);
    expect(LocalStore.open(root).has('blob', ID)).toBe(true);
    expect(isSealedFile(file)).toBe(true);
  });
});

it('a time of whole seconds, as coarse file systems keep them, is no seal', () => {
  const { file } = linkedStore();
  const second = Math.floor(statSync(file).mtimeMs / 1000);
  utimesSync(file, second, second);
  expect(isSealedFile(file)).toBe(false);
  seal(file);
  expect(isSealedFile(file)).toBe(true);
});
