import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { logs, type LogsResult } from '../actions/logs.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';

export default class Logs extends BaseCommand {
  static override summary = 'Show what a stage printed.';
  static override description =
    'What the last ten attempts of each stage printed is kept for thirty days, on this machine.';
  static override examples = [
    '<%= config.bin %> logs train',
    '<%= config.bin %> logs train --follow',
    '<%= config.bin %> logs models/plate --attempt 3',
  ];
  static override args = {
    stage: Args.string({ required: true, description: 'a stage, or the path of an output' }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on while the stage runs' }),
    attempt: integerFlag({ min: 1, description: 'which attempt, counted from 1 (default: the last one)' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const kept: string[] = [];
    const onText = (text: string): void => {
      if (flags.json || flags.events) kept.push(text);
      else process.stdout.write(text);
    };
    const { attempt, follow } = flags;
    await this.perform<LogsResult>(flags, {
      action: (call) => logs({ target: args.stage, attempt, follow, onText }, call),
      text: () => '',
      json: (result) => ({ ...result, text: kept.join('') }),
    });
  }
}
