import type { ModelExportResult } from '../actions/model-export.js';
import { sizeText } from './size-text.js';

/** What was written, and what smaller weights cost. */
export function modelExportText({ written, weights, bytesBefore, accuracy }: ModelExportResult): string {
  const files = written.map(({ path, bytes }) => `${path}: ${sizeText(bytes)}`);
  const size = `weights as ${weights}; as float32 they take ${sizeText(bytesBefore)}`;
  if (accuracy === undefined) return [...files, size].join('\n');
  const { before, after, lines, changed, greedily } = accuracy;
  return [
    ...files,
    size,
    `exact  ${percent(before.exact)} before, ${percent(after.exact)} now, of ${lines} lines`,
    `cer    ${percent(before.cer)} before, ${percent(after.cer)} now`,
    `${changed} ${changed === 1 ? 'line is' : 'lines are'} read differently`,
    ...(greedily === undefined
      ? []
      : [
          `read greedily, as other programs do: exact ${percent(greedily.exact)}, cer ${percent(greedily.cer)}`,
        ]),
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
