/** What usage lines need of a flag; the parser's definitions and those of the manifest both have it. */
export interface FlagShape {
  name: string;
  type: 'boolean' | 'option';
  required?: boolean | undefined;
  hidden?: boolean | undefined;
  helpGroup?: string | undefined;
  helpValue?: string | readonly string[] | undefined;
  options?: readonly string[] | undefined;
  allowNo?: boolean | undefined;
}

/** What usage lines need of a command. */
export interface CommandShape {
  /** With ':' or ' ' between its words. */
  id: string;
  args?: Readonly<Record<string, { name: string; required?: boolean | undefined }>> | undefined;
  flags?: Readonly<Record<string, FlagShape>> | undefined;
  /** False: the first argument may stand several times. */
  strict?: boolean | undefined;
}

/** 'ocrpipe remote add NAME URL [flags]': what must be given, in the order to type it. */
export function usageLine(command: CommandShape): string {
  const flags = Object.values(command.flags ?? {}).filter(({ hidden }) => hidden !== true);
  const required = flags.filter((flag) => flag.required === true);
  const optional = flags.some((flag) => flag.required !== true && flag.helpGroup === undefined);
  return [
    `ocrpipe ${commandName(command.id)}`,
    ...Object.values(command.args ?? {}).map((arg) => argumentUsage(arg, command)),
    ...required.map(flagUsage),
    ...(optional ? ['[flags]'] : []),
  ].join(' ');
}

/** 'remote add' of the parser's 'remote:add'. */
export function commandName(id: string): string {
  return id.replaceAll(':', ' ');
}

/** '--out DIR', '--[no-]check'. */
export function flagUsage(flag: FlagShape): string {
  if (flag.type === 'boolean') return `--${flag.allowNo === true ? '[no-]' : ''}${flag.name}`;
  return `--${flag.name} ${valueName(flag)}`;
}

/** 'DIR' of '--out DIR'. */
export function valueName({ name, helpValue }: FlagShape): string {
  return helpValue === undefined ? name.toUpperCase() : [helpValue].flat().join(' ');
}

function argumentUsage(
  { name, required }: { name: string; required?: boolean | undefined },
  command: CommandShape,
): string {
  const [first] = Object.values(command.args ?? {});
  const repeats = command.strict === false && first?.name === name;
  const word = `${name.toUpperCase()}${repeats ? '...' : ''}`;
  return required === true ? word : `[${word}]`;
}
