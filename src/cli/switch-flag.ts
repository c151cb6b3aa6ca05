import * as Flags from '@oclif/core/flags';

/** A flag `--[no-]x` that is on unless it is turned off; help says so. */
export function onByDefault(description: string) {
  return Flags.boolean({ default: true, allowNo: true, description: `${description} (default: yes)` });
}
