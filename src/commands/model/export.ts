import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { modelExport } from '../../actions/model-export.js';
import { backendFlag } from '../../cli/backend-flag.js';
import { BaseCommand } from '../../cli/base-command.js';
import { labelFlags } from '../../cli/label-flags.js';
import { modelExportText } from '../../cli/model-export-text.js';
import { ENCODINGS } from '../../ocr/models/quantisation.js';

export default class ModelExport extends BaseCommand {
  static override summary = 'Write a saved model for browsers, for ONNX runtimes, or with smaller weights.';
  static override description =
    'A model of any type. With --data the model reads those lines with the weights as they were and as they are written, and says what the smaller ones cost. Other programs read greedily: a beam, a pattern and a language model stay with ocrpipe. docs/models.md says how they are used.';
  static override examples = [
    '<%= config.bin %> model export models/plate --tfjs site/plate',
    '<%= config.bin %> model export models/plate --onnx plate.onnx',
    '<%= config.bin %> model export models/plate --out models/plate-int8 --weights int8 --data data/split/val.jsonl',
  ];
  static override args = {
    model: Args.string({ required: true, description: 'the folder of the model' }),
  };
  static override flags = {
    tfjs: Flags.string({
      helpValue: 'DIR',
      description:
        'write a model folder that TensorFlow.js reads too, with a module that makes images ready for it',
    }),
    onnx: Flags.string({ helpValue: 'FILE', description: 'write an ONNX model (opset 17)' }),
    out: Flags.string({ helpValue: 'DIR', description: 'write a model folder that predict reads' }),
    weights: Flags.option({
      options: ENCODINGS,
      default: 'float32' as const,
      helpValue: 'ENCODING',
      description: 'how matrices and filters are kept: float32, float16 (half the size) or int8 (a quarter)',
    })(),
    force: Flags.boolean({ char: 'f', description: 'replace an exported model that is there' }),
    data: Flags.string({ helpValue: 'FILE', description: 'labelled lines to measure the accuracy lost on' }),
    backend: backendFlag,
    ...labelFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ModelExport);
    const input = { ...flags, model: args.model };
    await this.perform(flags, { action: (call) => modelExport(input, call), text: modelExportText });
  }
}
