import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { predict, type PredictResult } from '../actions/predict.js';
import { backendFlag } from '../cli/backend-flag.js';
import { BaseCommand } from '../cli/base-command.js';
import { decoderChoice, decoderFlags, modelsFlag } from '../cli/decoder-flags.js';
import { errorDocument } from '../cli/error-report.js';
import { formatFlag, predictionLine } from '../cli/prediction-text.js';
import { print } from '../cli/print.js';
import { tsvLine } from '../ocr/formats/tsv.js';
import { unreadableImages } from '../ocr/images/unreadable.js';
import type { Outcome, Prediction } from '../ocr/predict/predict-files.js';

export default class Predict extends BaseCommand {
  static override summary = 'Read images with a trained model.';
  static override description =
    'Prints a line an image, in the order given, while it reads: with tsv file, text and confidence (0 to 1), separated by tabs; tab, line break and backslash inside a field are written with a backslash. With jsonl, and in the document of --json, each character has its confidence and place too. A path on standard input is read as soon as its line is there. Folders are walked in sorted order; what is no image is passed over there. Images that cannot be read are errors (exit code 2) after the readings of the others; with text they have an empty line, with jsonl an object with the error.';
  static override examples = [
    '<%= config.bin %> predict --model models/plate photos > readings.tsv',
    "<%= config.bin %> predict --model models/plate --pattern '[A-Z]{2}\\d{4}' photo.jpg",
    "find photos -name '*.jpg' -print0 | <%= config.bin %> predict --model models/plate --format jsonl -",
  ];
  static override strict = false;
  static override args = {
    path: Args.string({
      required: true,
      description: 'images, folders, patterns of names, or - for a list on standard input',
    }),
  };
  static override flags = {
    model: Flags.string({ ...modelsFlag, required: true }),
    format: formatFlag,
    backend: backendFlag,
    ...decoderFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Predict);
    const kept: Prediction[] = [];
    const onPart = async (outcomes: readonly Outcome[]): Promise<void> => {
      if (flags.json || flags.events)
        kept.push(...outcomes.filter((each): each is Prediction => !('error' in each)));
      else await print(outcomes.map((each) => predictionLine(each, flags.format, tsvLine)).join(''));
    };
    const input = { ...flags, paths: argv as string[], decoder: decoderChoice(flags), onPart };
    let unread: Error | undefined;
    await this.perform<PredictResult>(flags, {
      action: async (call) => {
        const { read, unreadable } = await predict({ ...input, stdin: process.stdin }, call);
        if (unreadable.length > 0) unread = unreadableImages(unreadable, read + unreadable.length);
        return { read, unreadable };
      },
      text: () => '',
      json: ({ unreadable }) => [...kept, ...unreadable.map((error) => errorDocument(error))],
      exitCode: () => (unread === undefined ? 0 : 2),
    });
    // The readings are printed by now; with --json the document holds the errors too.
    if (unread !== undefined && !flags.json) throw unread;
  }
}
