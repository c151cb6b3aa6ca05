import * as Flags from '@oclif/core/flags';
import { dag } from '../actions/dag.js';
import { BaseCommand } from '../cli/base-command.js';
import { stageTargets } from '../cli/target-args.js';
import { drawDag } from '../pipeline/definition/dag-drawing.js';
import { dotDag, mermaidDag } from '../pipeline/definition/dag.js';

export default class Dag extends BaseCommand {
  static override summary = 'Draw the graph of the stages.';
  static override examples = [
    '<%= config.bin %> dag',
    '<%= config.bin %> dag evaluate --outs',
    '<%= config.bin %> dag --mermaid >> README.md',
    '<%= config.bin %> dag --dot | dot -Tsvg > pipeline.svg',
  ];
  static override strict = false;
  static override args = stageTargets;
  static override flags = {
    mermaid: Flags.boolean({ description: 'write it as a Mermaid flowchart', exclusive: ['dot'] }),
    dot: Flags.boolean({ description: 'write it in the language of Graphviz' }),
    outs: Flags.boolean({ description: 'show outputs and what they are made from, instead of stages' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Dag);
    await this.perform(flags, {
      action: (call) => dag({ targets: argv.map(String), outs: flags.outs }, call),
      text: flags.mermaid ? mermaidDag : flags.dot ? dotDag : drawDag,
    });
  }
}
