import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { predict } from '../actions/predict.js';
import { backendFlag } from '../cli/backend-flag.js';
import { BaseCommand } from '../cli/base-command.js';
import { decoderChoice, decoderFlags } from '../cli/decoder-flags.js';
import { errorDocument } from '../cli/error-report.js';
import { tsvLine } from '../ocr/formats/tsv.js';
import { unreadableImages } from '../ocr/images/unreadable.js';
import type { Prediction, Predictions } from '../ocr/predict/predict-files.js';

export default class Predict extends BaseCommand {
  static override summary = 'Read images with a trained model.';
  static override description =
    'Prints one line an image: file, text and confidence (0 to 1), separated by tabs; tab, line break and backslash inside a field are written with a backslash. Folders are walked in sorted order; what is no image is passed over there. Images that cannot be read are errors (exit code 2) after the readings of the others.';
  static override examples = [
    '<%= config.bin %> predict --model models/plate photos > readings.tsv',
    "<%= config.bin %> predict --model models/plate --pattern '[A-Z]{2}\\d{4}' photo.jpg",
  ];
  static override strict = false;
  static override args = {
    path: Args.string({ required: true, description: 'images, or folders of images' }),
  };
  static override flags = {
    model: Flags.string({ required: true, helpValue: 'DIR', description: 'the folder of the model' }),
    backend: backendFlag,
    ...decoderFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Predict);
    const input = { ...flags, paths: argv as string[], decoder: decoderChoice(flags) };
    let unreadable: Predictions['unreadable'] = [];
    let images = 0;
    await this.perform(flags, {
      action: async (call) => {
        const result = await predict(input, call);
        ({ unreadable } = result);
        images = result.predictions.length + unreadable.length;
        if (unreadable.length === images) throw unreadableImages(unreadable, images);
        return result;
      },
      text: ({ predictions }) => predictionLines(predictions),
      json: predictionDocument,
      exitCode: () => (unreadable.length > 0 ? 2 : 0),
    });
    // The readings are printed by now; with --json the document holds the errors too.
    if (unreadable.length > 0 && !flags.json) throw unreadableImages(unreadable, images);
  }
}

/** The readings; a last element for each image that could not be read. */
function predictionDocument({ predictions, unreadable }: Predictions): unknown[] {
  return [...predictions, ...unreadable.map((error) => errorDocument(error))];
}

function predictionLines(rows: readonly Prediction[]): string {
  const lines = rows.map(({ image, text, confidence }) => tsvLine([image, text, confidence.toFixed(4)]));
  return lines.join('').slice(0, -1);
}
