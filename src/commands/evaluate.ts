import * as Flags from '@oclif/core/flags';
import { evaluate, type EvaluateResult } from '../actions/evaluate.js';
import { backendFlag } from '../cli/backend-flag.js';
import { BaseCommand } from '../cli/base-command.js';
import { decoderChoice, decoderFlags, modelsFlag } from '../cli/decoder-flags.js';
import { labelFlags } from '../cli/label-flags.js';

export default class Evaluate extends BaseCommand {
  static override summary = 'Measure how well a model, or another tool, reads labelled images.';
  static override description =
    'Writes errors.tsv, confusions.tsv and predictions.tsv, and the figures exact, cer, levenshtein, charF1 and count.';
  static override examples = [
    '<%= config.bin %> evaluate --model models/plate --data data/split/test.jsonl --out reports/test --metrics reports/test.json',
    '<%= config.bin %> evaluate --predictions theirs.tsv --data data/split/test.jsonl --out reports/theirs',
  ];
  static override flags = {
    model: Flags.string({ ...modelsFlag, exclusive: ['predictions'] }),
    predictions: Flags.string({
      helpValue: 'FILE',
      description:
        'instead of a model, what was read before: TSV (image, prediction, confidence) or JSON lines',
    }),
    data: Flags.string({ helpValue: 'FILE', description: 'a manifest, or labels of any known format' }),
    out: Flags.string({ required: true, helpValue: 'DIR', description: 'folder for the tables' }),
    metrics: Flags.string({ helpValue: 'FILE', description: 'where to write the figures as JSON' }),
    backend: backendFlag,
    ...decoderFlags,
    ...labelFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Evaluate);
    await this.perform(flags, {
      action: (call) => evaluate({ ...flags, decoder: decoderChoice(flags) }, call),
      text: evaluateText,
    });
  }
}

function evaluateText(result: EvaluateResult): string {
  const { unknownCharacters } = result;
  const unknown = unknownCharacters.map(({ character, count }) => `${character} (${count})`).join(' ');
  return [
    `exact        ${(result.exact * 100).toFixed(2)} % of ${result.count} lines`,
    `cer          ${(result.cer * 100).toFixed(2)} %`,
    `levenshtein  ${result.levenshtein.toFixed(4)} edits a line`,
    `charF1       ${result.charF1.toFixed(4)}`,
    ...(unknown === '' ? [] : [`characters that the model does not know: ${unknown}`]),
    `${result.errors} lines with errors: ${result.out}/errors.tsv, confusions.tsv, predictions.tsv`,
  ].join('\n');
}
