import type { PreviewAugmentResult } from '../actions/preview-augment.js';
import type { TrainCheckResult, TrainResult } from '../actions/train.js';
import { countText } from '../base/count-text.js';
import { sizeText } from './size-text.js';

export function trainText({ metrics, ...result }: TrainResult): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `${result.out}: ${result.parameters} weights, best at step ${result.bestStep} of ${result.steps} (${result.stopped}, ${result.backend})`,
    ...waitText(result.waitShare),
    `validation: exact ${percent(metrics.exact)}, CER ${percent(metrics.cer)}, ${metrics.count} lines`,
  ].join('\n');
}

export function checkText(of: TrainCheckResult): string {
  return [
    `ready: ${countText(of.training, 'training image')}, ${countText(of.validation, 'validation image')}, ${countText(of.characters, 'character')}`,
    `${countText(of.parameters, 'weight')}, ${countText(of.steps, 'step')}, ${of.stepsPerEpoch} an epoch (${of.backend})`,
    `a step takes up to ${sizeText(of.memoryBytes)} of memory for tensors`,
  ].join('\n');
}

/** Only a wait that costs something is told. */
function waitText(share: number): string[] {
  return share < 0.05 ? [] : [`the device waited for images in ${(100 * share).toFixed(0)} % of the time`];
}

export function previewText({ page, images, effects }: PreviewAugmentResult): string {
  const on = effects.length === 0 ? 'no effect is on' : effects.join(', ');
  return `${page}: ${countText(images, 'image')}, ${on}; open it in a browser`;
}
