/** A key and its value, written without the space that YAML wants between them. */
interface Stuck {
  readonly key: string;
  readonly value: string;
}

/** `learningRate:0.01`, as a line or as the text that YAML takes it for; undefined for anything else, addresses included. */
export function missingSpace(text: string): Stuck | undefined {
  const match = /^\s*(?:- +)?([A-Za-z_][\w-]*):((?!\/\/)[^\s:#][^:]*?)\s*$/.exec(text);
  return match ? { key: match[1]!, value: match[2]! } : undefined;
}

export function missingSpaceAdvice({ key, value }: Stuck): string {
  return `write a space after the colon, '${key}: ${value}'.`;
}
