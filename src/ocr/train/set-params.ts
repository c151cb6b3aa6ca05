import { userError } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import { parseYamlFile, type YamlFile } from '../../base/yaml-file.js';
import { isObject } from '../formats/text-file.js';

type Path = readonly string[];
interface SetParam {
  /** As it was given. */
  readonly text: string;
  readonly path: Path;
  readonly value: unknown;
}

/**
 * The file of parameters with single values in place of its own: each of `texts` is `KEY=VALUE`, the key with dots (`model.height`), the value as YAML has it
 * (`48`, `lstm`, `[16, 32]`), and each key begins with one of `sections`. What is wrong with one of them is located there, not in the file. Throws `invalid-value`,
 * `unknown-key` or `yaml-syntax` (exit code 2).
 */
export function withSetParams(
  yaml: YamlFile,
  texts: readonly string[],
  sections: readonly string[],
): YamlFile {
  if (texts.length === 0) return yaml;
  const sets = texts.map((text) => parseSet(text, sections));
  const value = sets.reduce<unknown>((root, set) => put(root, set.path, set), yaml.value);
  return {
    file: `with --set, ${yaml.file}`,
    value,
    locate: (path, options) => {
      const set = sets.findLast((each) => touches(each.path, path));
      return set === undefined ? yaml.locate(path, options) : { file: shown(set) };
    },
    source: (path) => (sets.some((each) => touches(each.path, path)) ? undefined : yaml.source(path)),
  };
}

function parseSet(text: string, sections: readonly string[]): SetParam {
  const at = text.indexOf('=');
  const path = text.slice(0, Math.max(at, 0)).trim().split('.');
  // Without a value, as from an empty variable of a shell, a whole section would go back to what it is by itself.
  if (at < 0 || text.slice(at + 1).trim() === '' || path.some((part) => part === ''))
    throw userError('invalid-value', `'--set ${text}' is not KEY=VALUE`, {
      hint: 'Write the key with dots, and the value as in params.yaml: --set model.height=48',
    });
  const [section = ''] = path;
  // The file may have sections of other stages; a value set here is for this one.
  if (!sections.includes(section))
    throw userError('unknown-key', `'--set ${text}': '${section}' is not a section that is read here`, {
      hint: suggest(section, sections),
    });
  return { text, path, value: parseYamlFile(text.slice(at + 1), `--set ${text}`).value };
}

/** A copy of `node` with the value at the path, and maps on the way to it where there is nothing yet. */
function put(node: unknown, [key, ...rest]: Path, set: SetParam): unknown {
  if (key === undefined) return set.value;
  const isNothing = node === undefined || node === null;
  if (!isNothing && !isObject(node)) {
    const parent = set.path.slice(0, set.path.length - rest.length - 1).join('.');
    throw userError(
      'invalid-value',
      `'--set ${set.text}': '${parent}' is no map that could have the key '${key}'`,
      {
        hint: `Set '${parent}' as a whole.`,
      },
    );
  }
  const map = isNothing ? {} : node;
  return { ...map, [key]: put(Object.hasOwn(map, key) ? map[key] : undefined, rest, set) };
}

/** True if the value at one of the paths is, or is part of, that at the other. */
function touches(one: Path, other: readonly (string | number)[]): boolean {
  return (
    one.slice(0, other.length).every((part, index) => part === other[index]) && other.length >= one.length
  );
}

function shown({ text }: SetParam): string {
  return `--set ${text}`;
}
