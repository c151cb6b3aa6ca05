import { parseTomlFile } from './toml-file.js';
import { parseYamlFile, type YamlFile } from './yaml-file.js';

/** A file of values: TOML if its name says so, else YAML, which JSON is a part of. Throws what the parsers throw. */
export function parseValuesFile(text: string, file: string): YamlFile {
  return file.endsWith('.toml') ? parseTomlFile(text, file) : parseYamlFile(text, file);
}
