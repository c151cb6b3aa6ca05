import type { EventSink } from '../../base/events.js';
import type { YamlFile } from '../../base/yaml-file.js';
import { isObject } from '../formats/text-file.js';
import type { TrainingSettings } from './train-config.js';

/** Options that other options leave without effect. */
interface IdleRule {
  options: readonly string[];
  isIdle: (settings: TrainingSettings) => boolean;
  why: string;
}

const RULES: readonly IdleRule[] = [
  {
    options: ['augment.hue', 'augment.saturation', 'augment.gray'],
    isIdle: ({ model }) => model.channels === 1,
    why: "images are read in grey; 'model.channels: 3' reads their colours",
  },
  {
    options: ['train.finalLearningRate'],
    isIdle: ({ train }) => train.schedule === 'constant',
    why: "'schedule: constant' keeps the learning rate",
  },
  {
    options: ['train.weightDecayMode'],
    isIdle: ({ train }) => train.weightDecay === 0,
    why: "'weightDecay' is 0",
  },
  {
    options: ['train.explodingSteps'],
    isIdle: ({ train }) => train.explodingFactor === 0,
    why: "'explodingFactor: 0' goes on whatever happens",
  },
  {
    options: ['train.evaluateEvery'],
    isIdle: ({ train }) => train.evaluateSteps !== undefined,
    why: "'evaluateSteps' stands in place of it",
  },
  {
    options: ['train.strict'],
    isIdle: ({ train }) => train.from === undefined,
    why: "it is for training that begins with the weights of another model, 'from'",
  },
  {
    options: ['train.amsgrad'],
    isIdle: ({ train }) => train.optimizer !== 'adam',
    why: "it is for 'optimizer: adam'",
  },
  {
    options: ['train.momentum', 'train.nesterov'],
    isIdle: ({ train }) => train.optimizer !== 'sgd',
    why: "it is for 'optimizer: sgd'",
  },
  {
    options: ['train.warmupSteps'],
    isIdle: ({ train }) => train.schedule === 'oneCycle',
    why: "'schedule: oneCycle' has a rise of its own, 'oneCycleRise'",
  },
  {
    options: ['train.plateauFactor', 'train.plateauPatience'],
    isIdle: ({ train }) => train.schedule !== 'plateau',
    why: "it is for 'schedule: plateau'",
  },
  {
    options: ['train.oneCycleRise', 'train.oneCycleStart'],
    isIdle: ({ train }) => train.schedule !== 'oneCycle',
    why: "it is for 'schedule: oneCycle'",
  },
];

/** An option that changes nothing would be taken for one that does not help: notes each that a parameter file, `shownAs` that, gives (`option-idle`). */
export function noteIdleOptions(
  yaml: YamlFile,
  settings: TrainingSettings,
  { shownAs, events }: { shownAs: string; events: EventSink },
): void {
  for (const { options, isIdle, why } of RULES) {
    if (!isIdle(settings)) continue;
    for (const option of options.filter((name) => isGiven(yaml.value, name.split('.')))) {
      const { file, line, column } = yaml.locate(option.split('.'));
      const place = line === undefined ? file : `${shownAs}:${line}:${column}`;
      const message = `${place}: '${option}' changes nothing: ${why}`;
      events({ type: 'note', level: 'warning', code: 'option-idle', message });
    }
  }
}

/** True if a value is given that asks for something: neither `false` nor 0, nor an effect that is off. */
function isGiven(value: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first !== undefined) return isObject(value) && isGiven(value[first], rest);
  const amount = isObject(value) ? value['max'] : value;
  return amount !== undefined && amount !== null && amount !== false && amount !== 0;
}
