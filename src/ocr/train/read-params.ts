import { readFileSync } from 'node:fs';
import { systemErrorCode, userError } from '../../base/errors.js';
import { parseYamlFile, type YamlFile } from '../../base/yaml-file.js';
import { checkYaml } from '../../base/yaml-schema.js';
import { paramsSchema, type TrainConfig, type TrainingSettings } from './train-config.js';

/**
 * The sections `model`, `train` and `augment` of a parameter file, with defaults for what it leaves out. `overrides`
 * win over `train`. A file that is not there counts as an empty one unless it is `required`. Throws with
 * file:line:column (exit code 2) for anything that it does not know.
 */
export function readTrainingSettings(
  file: string,
  options: { required: boolean; overrides?: Partial<TrainConfig> },
): TrainingSettings {
  const yaml = readYaml(file, options.required);
  const params = checkYaml(yaml.value === null ? { ...yaml, value: {} } : yaml, paramsSchema);
  const { model, augment } = params;
  refuseMissingWidth(yaml, model);
  return { model, augment, train: { ...params.train, ...options.overrides } };
}

function readYaml(file: string, required: boolean): YamlFile {
  let text = '{}';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (required || code !== 'ENOENT') {
      throw userError('params-unreadable', `${file} cannot be read: ${code}`, { location: { file } });
    }
  }
  return parseYamlFile(text, file);
}

function refuseMissingWidth(yaml: YamlFile, model: TrainingSettings['model']): void {
  if (model.fit === 'pad' || model.width !== undefined) return;
  throw userError('invalid-value', `${yaml.file}: 'model.fit: ${model.fit}' needs 'model.width'`, {
    location: yaml.locate(['model', 'fit']),
    hint: "Add 'width' in pixels to the section 'model', or use 'fit: pad'.",
  });
}
