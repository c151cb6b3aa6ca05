import { describe, expect, it } from 'vitest';
import { parseYamlFile } from '../../src/base/yaml-file.js';

function refusal(text: string): unknown {
  try {
    return parseYamlFile(text, 'p.yaml').value;
  } catch (error) {
    return error;
  }
}

describe('a YAML file that cannot be read', () => {
  it('names a key that stands twice, and where the second one is', () => {
    expect(refusal('stages:\n  train: {run: a}\n  other: {run: b}\n  train: {run: c}\n')).toMatchObject({
      code: 'yaml-syntax',
      message: "p.yaml is not valid YAML: the key 'train' stands twice in one map",
      location: { line: 4, column: 3 },
      hint: 'Rename one of the two, or take it out.',
    });
  });

  it.each([
    ['train:\n  learningRate:0.01\n  epochs: 3\n', 2],
    ['train:\n  epochs: 3\n  learningRate:0.01\n', 3],
    ['learningRate:0.01\nepochs: 3\n', 1],
    ['train:\n  epochs: 3\n  learningRate:0.01\n  seed: 7\n', 3],
  ])('asks for the space after a colon: %j', (text, line) => {
    expect(refusal(text)).toMatchObject({
      code: 'yaml-syntax',
      hint: `Line ${line}: write a space after the colon, 'learningRate: 0.01'.`,
    });
  });

  it('takes neither an address nor a sound line for a missing space', () => {
    expect(refusal('a: [\nhttp://x\n')).toMatchObject({ code: 'yaml-syntax', hint: 'Correct the file.' });
    expect(refusal('a: [\n- b: c\n')).toMatchObject({ code: 'yaml-syntax', hint: 'Correct the file.' });
  });

  it('says how a reference, and one that is to stay as it is, are written', () => {
    expect(refusal('outs: [${name}]\n')).toMatchObject({
      hint: 'Between [ ] or { }, a text with ${…} stands in quotes: "${name}".',
    });
    expect(refusal('run: "echo \\${HOME}"\n')).toMatchObject({
      hint: 'Between double quotes a backslash is written twice: "\\\\${name}".',
    });
  });
});
