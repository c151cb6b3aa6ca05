import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  hasStage,
  withoutStage,
  withStage,
  withStageKey,
} from '../../../src/pipeline/definition/edit/edit-stages.js';
import fc from '../../rig/fast-check.js';

const FILE = `# What the team trains.
vars: [{a: 1}]   # shared

stages:
  # the first
  prepare:
    run: cat a >   b   # odd  spacing
    deps: [ a,b ]

    # what it makes
    outs:
      - b
  # weights
  train: {run: "sh train.sh", deps: [b]} # inline
  last:
    run: |
      one
      two


# The end.
`;
const STAGE = { run: 'wc -l x: y', deps: ['x', 'data/*.png'], outs: ['n', { path: 'm', cache: false }] };

function refusal(edit: () => unknown): string {
  try {
    edit();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
}

describe('an edit of pipeline.yaml', () => {
  it('freezes and unfreezes a stage, byte for byte', () => {
    const block = withStageKey(FILE, { stage: 'prepare', key: 'frozen', value: true });
    expect(block).toBe(FILE.replace('      - b\n', '      - b\n    frozen: true\n'));
    const flow = withStageKey(FILE, { stage: 'train', key: 'frozen', value: true });
    expect(flow).toBe(FILE.replace('deps: [b]}', 'deps: [b], frozen: true}'));
    const text = withStageKey(FILE, { stage: 'last', key: 'frozen', value: true });
    expect(text).toBe(FILE.replace('      two\n', '      two\n    frozen: true\n'));
    for (const [stage, edited] of Object.entries({ prepare: block, train: flow, last: text })) {
      expect(withStageKey(edited, { stage, key: 'frozen', value: undefined })).toBe(FILE);
      expect(withStageKey(edited, { stage, key: 'frozen', value: true })).toBe(edited);
    }
    expect(withStageKey(FILE, { stage: 'last', key: 'frozen', value: undefined })).toBe(FILE);
  });

  it('adds a stage behind the last one, replaces it in its place, and takes it away again', () => {
    const added = withStage(FILE, 'count', STAGE);
    const lines =
      '  count:\n    run: "wc -l x: y"\n    deps: [x, data/*.png]\n    outs: [n, {path: m, cache: false}]\n';
    expect(added).toBe(FILE.replace('      two\n', `      two\n${lines}`));
    expect(withoutStage(added, 'count')).toBe(FILE);
    expect(withStage(FILE, 'train', STAGE)).toContain(
      `  # weights\n${lines.replace('count', 'train')}  last:`,
    );
    expect(withoutStage(FILE, 'train')).toBe(FILE.replace(/ {2}# weights\n.*\n/, ''));
    expect(hasStage(FILE, 'train')).toBe(true);
    expect(hasStage(FILE, 'tain')).toBe(false);
  });

  it('begins a file, fills an empty one, and leaves an empty map', () => {
    const lines = 'stages:\n  a:\n    run: b\n';
    for (const text of ['', 'stages:\n', 'stages: {}\n'])
      expect(withStage(text, 'a', { run: 'b' })).toBe(lines);
    expect(withStage('# why', 'a', { run: 'b' })).toBe(`# why\n${lines}`);
    expect(withStage('vars: [x]\n', 'a', { run: 'b' })).toBe(`vars: [x]\n${lines}`);
    expect(withStage('{stages: {z: {run: y}}}', 'a', { run: 'b' })).toBe(
      '{stages: {z: {run: y}, a: {run: b}}}',
    );
    expect(withoutStage(lines, 'a')).toBe('stages: {}\n');
    expect(withStage('stages:\r\n  z:\r\n    run: y\r\n', 'a', { run: 'b' })).toBe(
      'stages:\r\n  z:\r\n    run: y\r\n  a:\r\n    run: b\r\n',
    );
  });

  it('is refused where it would change more than it should', () => {
    const aliased = 'stages:\n  a: &a {run: x}\n  b: *a\n';
    expect(refusal(() => withStageKey(aliased, { stage: 'b', key: 'frozen', value: true }))).toBe(
      'cannot-edit',
    );
    expect(refusal(() => withoutStage(aliased, 'a'))).toBe('cannot-edit');
  });

  it('keeps every byte outside of it, whatever the file looks like', () => {
    const comment = fc.constantFrom('', ' # why', '   #x: {y}');
    const gap = fc.constantFrom('', '\n', '  # between\n', '    # deeper\n', '\n# far left\n\n');
    const stage = fc.record({
      style: fc.constantFrom('block', 'flow', 'text', 'list'),
      comment,
      gap,
      frozen: fc.boolean(),
    });
    const text = fc
      .array(stage, { minLength: 1, maxLength: 5 })
      .map((stages) =>
        stages.reduce(
          (whole, each, index) =>
            whole + stageText(index, each) + (index === stages.length - 1 ? '' : each.gap),
          '# head\nstages:\n',
        ),
      );
    const end = fc.constantFrom('', '\n', 'vars: [{a: 1}]\n', '# tail\n', '  # tail\n');
    fc.assert(
      fc.property(text, end, fc.nat(4), (stages, tail, nth) => {
        const file = stages + tail;
        const value = parse(file) as { stages: Record<string, unknown> };
        const names = Object.keys(value.stages);
        const name = names[nth % names.length]!;

        const added = withStage(file, 'new', STAGE);
        expect(parse(added)).toEqual({ ...value, stages: { ...value.stages, new: STAGE } });
        expect(isWithin(file, added)).toBe(true);
        expect(withoutStage(added, 'new')).toBe(file);

        const before = value.stages[name] as { frozen?: boolean };
        const frozen = withStageKey(file, { stage: name, key: 'frozen', value: true });
        expect(parse(frozen)).toEqual({
          ...value,
          stages: { ...value.stages, [name]: { ...before, frozen: true } },
        });
        expect(isWithin(file, frozen)).toBe(true);
        if (before.frozen === undefined)
          expect(withStageKey(frozen, { stage: name, key: 'frozen', value: undefined })).toBe(file);
        const removed = withoutStage(file, name);
        expect(isWithin(removed.replace('stages: {}', 'stages:'), file)).toBe(true);
      }),
    );
  });
});

function stageText(
  index: number,
  { style, comment, frozen }: { style: string; comment: string; frozen: boolean },
): string {
  const name = `s${index}`;
  const more = frozen ? '    frozen: true\n' : '';
  if (style === 'flow') return `  ${name}: {run: x, deps: [a]${frozen ? ', frozen: true' : ''}}${comment}\n`;
  if (style === 'text') return `  ${name}:${comment}\n${more}    run: |\n      a # no comment\n\n      b\n`;
  if (style === 'list') return `  ${name}:\n    run:${comment}\n    - a\n    -   b${comment}\n${more}`;
  return `  ${name}:\n    deps: [ a ]${comment}\n    run: x   y${comment}\n${more}`;
}

/** True if one text is the other with one piece taken out of it. */
function isWithin(shorter: string, longer: string): boolean {
  let start = 0;
  while (start < shorter.length && shorter[start] === longer[start]) start += 1;
  let end = 0;
  while (end < shorter.length - start && shorter.at(-1 - end) === longer.at(-1 - end)) end += 1;
  return start + end === shorter.length;
}
