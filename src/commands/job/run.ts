import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { jobRun } from '../../actions/job-run.js';
import { BaseCommand } from '../../cli/base-command.js';
import { jobRunText } from '../../cli/job-run-text.js';

/** What jobs over a remote are started with, on machines that people seldom see. */
export default class JobRun extends BaseCommand {
  static override hidden = true;
  static override summary = 'Run a job that gets its inputs from a remote.';
  static override description =
    'By hand, with the job.json of a job folder: fetches the inputs into a new folder, runs the commands there, and leaves it. With --remote it is one attempt of a job that was submitted, and its outputs, log and result go to the remote.';
  static override examples = [
    '<%= config.bin %> job run .ocrstore/jobs/train-4f1c02d8a9b3/job.json',
    '<%= config.bin %> job run job.json --folder /scratch',
  ];
  static override args = {
    job: Args.string({ required: true, description: 'a job.json, or a key of the remote' }),
  };
  static override flags = {
    remote: Flags.string({ helpValue: 'JSON', description: 'settings of the remote that has the job' }),
    folder: Flags.string({
      helpValue: 'FOLDER',
      description: 'where a folder is made for it (default: $TMPDIR)',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobRun);
    const onText = (text: string): void => void process.stderr.write(text);
    await this.perform(flags, {
      action: (call) => jobRun({ job: args.job, remote: flags.remote, folder: flags.folder, onText }, call),
      text: jobRunText,
      exitCode: ({ exitCode }) => exitCode,
    });
  }
}
