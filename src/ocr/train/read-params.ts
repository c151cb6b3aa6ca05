import { readFileSync } from 'node:fs';
import { systemErrorCode, userError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import { parseValuesFile } from '../../base/values-file.js';
import type { YamlFile } from '../../base/yaml-file.js';
import { checkYaml, issueText } from '../../base/yaml-schema.js';
import { isObject } from '../formats/text-file.js';
import { noteIdleOptions } from './idle-options.js';
import { withSetParams } from './set-params.js';
import { paramsSchema, trainConfigSchema, type TrainConfig, type TrainingSettings } from './train-config.js';

/**
 * The sections `model`, `train`, `augment` and `decoder` of a parameter file, with defaults for what it leaves out. `set`, texts KEY=VALUE, stand in place of
 * values of the file, and `overrides` win over `train`; both are held to the same rules. What is given and changes nothing is told of (`option-idle`). A file that is not there counts as an empty one unless it is `required`. Throws with
 * file:line:column (exit code 2) for anything that it does not know.
 */
export function readTrainingSettings(
  file: string,
  options: {
    required: boolean;
    set?: readonly string[];
    overrides?: Partial<TrainConfig>;
    /** What notes call the file; default: its path. */
    shownAs?: string;
    events?: EventSink;
  },
): TrainingSettings {
  const yaml = withSetParams(
    readYaml(file, options.required),
    options.set ?? [],
    Object.keys(paramsSchema.shape),
  );
  refuseMissingWidth(yaml);
  const params = checkYaml({ ...yaml, value: withoutEmptySections(yaml.value) }, paramsSchema);
  const { model, augment, decoder } = params;
  refuseLostSmoothing(yaml, params);
  refuseTaughtAttention(yaml, params);
  const settings = { model, augment, decoder, train: withOverrides(params.train, options.overrides) };
  noteIdleOptions(yaml, settings, { shownAs: options.shownAs ?? file, events: options.events ?? noEvents });
  return settings;
}

/** A file, or a section, with nothing but its name or comments is null: it says as much as one that is not there. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null) return {};
  if (!isObject(value)) return value;
  const isEmpty = ([name, section]: [string, unknown]): boolean =>
    section === null && Object.hasOwn(paramsSchema.shape, name);
  return Object.fromEntries(Object.entries(value).filter((entry) => !isEmpty(entry)));
}

/** What is given beside the file is held to the rules of the file. */
function withOverrides(config: TrainConfig, overrides: Partial<TrainConfig> = {}): TrainConfig {
  const result = trainConfigSchema.safeParse({ ...config, ...overrides });
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const name = issue.path.join('.');
  const given = String(overrides[name as keyof TrainConfig]);
  throw userError('invalid-value', `'train.${name}' cannot be ${given}: ${issueText(issue)}`, {
    hint: 'Correct the flag that gives it.',
  });
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
  return parseValuesFile(text, file);
}

/** What needs a width and has none, named with what needs it. */
function refuseMissingWidth(yaml: YamlFile): void {
  const model = isObject(yaml.value) ? yaml.value['model'] : undefined;
  if (!isObject(model) || !(model['width'] === undefined || model['width'] === null)) return;
  const isFixed = model['type'] === 'fcnn-lstm';
  const key = isFixed ? 'type' : 'fit';
  const value = model[key];
  if (!isFixed && value !== 'stretch' && value !== 'pad-then-squeeze') return;
  throw userError('invalid-value', `${yaml.file}: 'model.${key}: ${value as string}' needs 'model.width'`, {
    location: yaml.locate(['model', key]),
    hint: isFixed
      ? "Add 'width' in pixels to the section 'model'; every image is brought to it. 'type: crnn' takes any width."
      : "Add 'width' in pixels to the section 'model', or use 'fit: pad'.",
  });
}

/** The models whose loss can be smoothed. */
const SMOOTHED: readonly string[] = ['attention'];

/** An option that changes nothing would be taken for one that does not help. */
function refuseLostSmoothing(
  yaml: YamlFile,
  { model, train }: Pick<TrainingSettings, 'model' | 'train'>,
): void {
  if (train.labelSmoothing === 0 || SMOOTHED.includes(model.type)) return;
  throw userError(
    'invalid-value',
    `${yaml.file}: 'train.labelSmoothing' is for models that read with attention, and this one is '${model.type}'`,
    {
      location: yaml.locate(['train', 'labelSmoothing']),
      hint: "Leave it out: CTC's loss has no single right class for each time step.",
    },
  );
}

/** Language models weigh the paths of CTC; a decoder that writes has learnt its own. And it has no time steps whose probabilities could be averaged over views. */
function refuseTaughtAttention(
  yaml: YamlFile,
  { model, decoder }: Pick<TrainingSettings, 'model' | 'decoder'>,
): void {
  if (model.type !== 'attention') return;
  const key = (['languageModel', 'views'] as const).find((name) => decoder[name] !== undefined);
  if (key === undefined) return;
  throw userError(
    'invalid-value',
    `${yaml.file}: 'decoder.${key}' is for models with CTC, and this one is '${model.type}'`,
    {
      location: yaml.locate(['decoder', key]),
      hint: "Leave it out, or choose another 'model.type'; 'decoder.beam' and 'decoder.pattern' are for all types.",
    },
  );
}
