import { describe, expect, it } from 'vitest';
import { parseSharedText } from '../../src/config/config-file.js';
import { parseLockFile } from '../../src/pipeline/records/lock-file.js';
import { stagesOf } from '../pipeline/definition/parsed.js';
import { examplesIn, type Example } from './examples.js';

const examples = examplesIn('pipeline.md');
const bySection = new Map<string, Example[]>();
for (const example of examples) {
  bySection.set(example.heading, [...(bySection.get(example.heading) ?? []), example]);
}

describe('docs/pipeline.md', () => {
  it('has an example of every kind of file', () => {
    const files = new Set(examples.map(({ file }) => file));
    expect([...files].sort()).toEqual(
      expect.arrayContaining(['params.yaml', 'pipeline.lock', 'pipeline.yaml']),
    );
  });

  it.each([...bySection])('has examples that can be read: %s', (_heading, section) => {
    const others: Record<string, string> = {};
    for (const { file, text } of section) {
      if (file === 'pipeline.lock') expect(parseLockFile(text).size).toBeGreaterThan(0);
      else if (file.endsWith('config.yaml')) expect(parseSharedText(text)).toBeDefined();
      else if (!file.endsWith('pipeline.yaml')) others[file] = text;
    }
    for (const { file, text } of section.filter((each) => each.file.endsWith('pipeline.yaml'))) {
      expect(stagesOf({ ...others, [file]: text }).size).toBeGreaterThan(0);
    }
  });
});
