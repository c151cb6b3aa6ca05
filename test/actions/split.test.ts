import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { split, type SplitInput } from '../../src/actions/split.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { killedAt } from '../rig/action-process.js';
import { quietCall } from '../rig/call.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

function input(seed: number): SplitInput {
  return {
    source: 'all.jsonl',
    out: 'parts',
    share: 'train=0.5,val=0.25,test=0.25',
    seed,
    group: 'text',
    stable: false,
  };
}

/** A folder with a manifest of twelve images, which are bytes of any kind: a split opens none. */
function samples(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'images'));
  const lines = Array.from({ length: 12 }, (_, index) => {
    writeFileSync(join(folder, `images/${index}.png`), `image ${String(index).padStart(2, '0')}`);
    return `${JSON.stringify({ image: `images/${index}.png`, text: `text ${index}` })}\n`;
  });
  writeFileSync(join(folder, 'all.jsonl'), lines.join(''));
  return folder;
}

function partsOf(folder: string): Record<string, string> {
  const names = readdirSync(join(folder, 'parts')).filter((name) => !name.startsWith('.'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, 'parts', name), 'utf8')]));
}

describe('a split', () => {
  it('that is killed at any write leaves parts of the old split or of the new one, and finishes when run again', async () => {
    const prepared = samples();
    const copies = temporaryFolder();
    await split(input(2), quietCall(prepared));
    const after = partsOf(prepared);
    await split(input(1), quietCall(prepared));
    const before = partsOf(prepared);
    for (let write = 1; ; write += 1) {
      const folder = join(copies, String(write));
      cpSync(prepared, folder, { recursive: true });
      const died = await killedAt(folder, write, ['split', input(2)]);
      const left = partsOf(folder);
      const from = [before, after].filter((whole) =>
        Object.entries(left).every(([name, text]) => whole[name] === text),
      );
      expect(from.length, Object.keys(left).join()).toBeGreaterThan(0);
      await split(input(2), quietCall(folder));
      expect(partsOf(folder)).toEqual(after);
      expect(readdirSync(join(folder, 'parts')).sort()).toEqual(Object.keys(after).sort());
      if (!died) {
        expect(left).toEqual(after);
        expect(write).toBeGreaterThan(6);
        return;
      }
    }
  });

  it('says how many images are in more than one part under different names', async () => {
    const folder = samples();
    const notes: string[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'note') notes.push(`${event.level} ${event.code}: ${event.message}`);
    };
    const call = { ...quietCall(folder), events };
    await split(input(1), call);
    expect(notes).toEqual([]);
    const image = (part: string): string => {
      const [line = ''] = partsOf(folder)[`${part}.jsonl`]!.split('\n');
      return join(folder, 'parts', (JSON.parse(line) as { image: string }).image);
    };
    copyFileSync(image('train'), image('val'));
    await split(input(1), call);
    expect(notes).toEqual([expect.stringMatching(/^warning split-copies: 2 images/)]);
  });

  it('needs no image to be there', async () => {
    const folder = samples();
    writeFileSync(
      join(folder, 'all.jsonl'),
      readFileSync(join(folder, 'all.jsonl'), 'utf8').replaceAll('images/', 'elsewhere/'),
    );
    expect((await split(input(1), quietCall(folder))).count).toBe(12);
  });
});
