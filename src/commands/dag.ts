import * as Flags from '@oclif/core/flags';
import { dag } from '../actions/dag.js';
import { BaseCommand } from '../cli/base-command.js';
import { stageTargets } from '../cli/target-args.js';
import { drawDag } from '../cli/dag-drawing.js';
import { dotDag, mermaidDag } from '../pipeline/definition/graph/dag-text.js';

export default class Dag extends BaseCommand {
  static override summary = 'Draw the graph of the stages, with a mark at each that is stale.';
  static override description =
    'The stages of a foreach or matrix are one box, with how many they are. A drawing that is wider than the terminal is a list instead.';
  static override examples = [
    '<%= config.bin %> dag',
    '<%= config.bin %> dag evaluate --outs',
    '<%= config.bin %> dag --expand --no-status',
    '<%= config.bin %> dag --mermaid >> README.md',
    '<%= config.bin %> dag --dot | dot -Tsvg > pipeline.svg',
  ];
  static override strict = false;
  static override args = stageTargets;
  static override flags = {
    mermaid: Flags.boolean({ description: 'write it as a Mermaid flowchart', exclusive: ['dot'] }),
    dot: Flags.boolean({ description: 'write it in the language of Graphviz' }),
    outs: Flags.boolean({ description: 'show outputs and what they are made from, instead of stages' }),
    expand: Flags.boolean({ description: 'show each stage of a foreach or matrix by itself' }),
    status: Flags.boolean({ description: 'mark what is stale in --mermaid and --dot, too' }),
    'no-status': Flags.boolean({
      description: 'do not look which stages are stale',
      exclusive: ['status'],
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Dag);
    const { mermaid, dot, outs, expand } = flags;
    const status = !flags['no-status'] && (flags.status || !(mermaid || dot));
    // Where nobody looks at it, nothing says how wide it may be.
    const { columns } = process.stdout;
    const drawn = columns ? { columns } : {};
    await this.perform(flags, {
      action: (call) => dag({ targets: argv.map(String), outs, expand, status }, call),
      text: mermaid ? mermaidDag : dot ? dotDag : (result) => drawDag(result, drawn),
    });
  }
}
