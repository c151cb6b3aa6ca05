import { Args, Flags } from '@oclif/core';
import { predict } from '../actions/predict.js';
import { backendFlag } from '../cli/backend-flag.js';
import { BaseCommand } from '../cli/base-command.js';
import { tsvLine } from '../ocr/formats/tsv.js';
import type { Prediction } from '../ocr/predict/predict-files.js';

export default class Predict extends BaseCommand {
  static override summary = 'Read images with a trained model.';
  static override description =
    'Prints one line an image: file, text and confidence (0 to 1), separated by tabs; tab, line break and backslash inside a field are written with a backslash. Folders are walked in sorted order; what is no image is passed over there.';
  static override examples = [
    '<%= config.bin %> predict --model models/plate photo.jpg',
    '<%= config.bin %> predict --model models/plate photos > readings.tsv',
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'images, or folders of images' }),
  };
  static override flags = {
    model: Flags.string({ required: true, helpValue: 'DIR', description: 'the folder of the model' }),
    backend: backendFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Predict);
    const input = { ...flags, paths: argv as string[] };
    await this.perform(flags, { action: (call) => predict(input, call), text: predictionLines });
  }
}

function predictionLines(rows: readonly Prediction[]): string {
  const lines = rows.map(({ image, text, confidence }) => tsvLine([image, text, confidence.toFixed(4)]));
  return lines.join('').slice(0, -1);
}
