import { editorSchema } from '../pipeline/definition/schema/editor-schema.js';
import { BaseCommand } from '../cli/base-command.js';

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON schema of pipeline.yaml, for editors.';
  static override description =
    "An editor that knows it completes keys and marks mistakes while you type. The comment '# yaml-language-server: $schema=FILE' at the top of pipeline.yaml names it to most of them.";
  static override examples = [
    '<%= config.bin %> schema > .ocrstore/pipeline.schema.json',
    '<%= config.bin %> schema --json',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Schema);
    await this.perform(flags, {
      action: () => editorSchema(),
      text: (schema) => JSON.stringify(schema, null, 2),
    });
  }
}
