import type { Pipeline } from '../definition/stage/stage.js';

const MASK = '***';
/** Of a value of several lines, a line that is shorter says nothing by itself. */
const SHORTEST_LINE = 8;

/** Takes the values of secrets out of what stages print. */
export class SecretMask {
  /** Characters of the longest text that is taken out; 0: there is nothing to take out. */
  readonly longest: number;
  readonly #values: RegExp | undefined;

  private constructor(values: readonly string[]) {
    this.longest = Math.max(0, ...values.map((value) => value.length));
    // The longest first: a value may hold another one.
    const sorted = [...new Set(values)].sort((a, b) => b.length - a.length);
    this.#values = sorted.length === 0 ? undefined : new RegExp(sorted.map(escaped).join('|'), 'g');
  }

  /** Of the secrets of all stages: each stage is given the whole environment. */
  static of(
    pipeline: Pick<Pipeline, 'stages'>,
    environment: Readonly<Record<string, string | undefined>> = process.env,
  ): SecretMask {
    const names = new Set(
      [...pipeline.stages.values()].flatMap(({ secrets }) => secrets.map(({ name }) => name)),
    );
    return SecretMask.ofNames([...names], environment);
  }

  static ofNames(
    names: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = process.env,
  ): SecretMask {
    return new SecretMask(names.flatMap((name) => formsOf(environment[name] ?? '')));
  }

  text(text: string): string {
    return this.#values === undefined ? text : text.replace(this.#values, MASK);
  }
}

/** A value as programs print it: as it is, line by line, in an address, in JSON, in a header of basic authentication. */
function formsOf(value: string): string[] {
  if (value === '') return [];
  const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE);
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '');
  const forms = [value, encodedForAddress(value), JSON.stringify(value).slice(1, -1), base64, ...lines];
  return forms.filter((form) => form !== '');
}

function encodedForAddress(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    // Half of a surrogate pair has no form in an address.
    return '';
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
