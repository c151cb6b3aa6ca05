import { doctor, type Check, type DoctorResult } from '../actions/doctor.js';
import { BaseCommand } from '../cli/base-command.js';

export default class Doctor extends BaseCommand {
  static override summary = 'Check what ocrpipe stands on here: Node, git, images, and each tensor backend.';
  static override description = 'Exits with 3 if something that ocrpipe cannot do without is broken.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    await this.perform(flags, {
      action: (call) => doctor(call),
      text: doctorText,
      exitCode: ({ checks }) => (checks.some(({ state }) => state === 'failed') ? 3 : 0),
    });
  }
}

const MARKS: Record<Check['state'], string> = { ok: 'ok     ', missing: 'missing', failed: 'FAILED ' };

function doctorText({ checks }: DoctorResult): string {
  return checks
    .flatMap(({ name, state, details, hint }) => [
      `${MARKS[state]}  ${name}: ${details}`,
      ...(hint === undefined ? [] : [`         ${hint}`]),
    ])
    .join('\n');
}
