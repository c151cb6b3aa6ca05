import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';
import { typedPath } from '../../src/base/typed-path.js';

/** A workspace root `real/root` with `data` and a link in it, and a link `way` that leads to `real`. */
function folders(): { root: AbsPath; way: string } {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'ocrpipe-typed-')));
  const root = join(top, 'real', 'root');
  mkdirSync(join(root, 'data'), { recursive: true });
  symlinkSync('data', join(root, 'link'));
  symlinkSync('real', join(top, 'way'));
  return { root: root as AbsPath, way: join(top, 'way', 'root') };
}

test('an absolute path may lead to the workspace through a link, and keeps the links inside', () => {
  const { root, way } = folders();
  for (const [typed, meant] of [
    [way, '.'],
    [`${way}/`, '.'],
    [`${way}/data/x`, 'data/x'],
    [`${way}/not/there`, 'not/there'],
    [`${way}/link/x`, 'link/x'],
    [`${root}/link/x`, 'link/x'],
  ] as const) {
    expect(typedPath(root, typed, root), typed).toBe(meant);
  }
});

test('a path that leads elsewhere, or is empty, is refused', () => {
  const { root, way } = folders();
  for (const typed of [`${way}/../x`, `${way}x`, '/', '../x', join(root, '..', 'root2')]) {
    expect(() => typedPath(root, typed, root), typed).toThrow(
      expect.objectContaining({ code: 'path-outside-workspace' }),
    );
  }
  expect(() => typedPath(root, '', root)).toThrow(expect.objectContaining({ code: 'path-empty' }));
});
