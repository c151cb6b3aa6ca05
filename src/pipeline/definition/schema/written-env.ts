/** What an environment variable may be set to in pipeline.yaml. */
export type WrittenValue = string | number | boolean;

/** Names that are passed on, and maps of names and values. */
export type WrittenEnv =
  Readonly<Record<string, WrittenValue>> | readonly (string | Readonly<Record<string, WrittenValue>>)[];

export function isWrittenEnv(value: unknown): value is WrittenEnv {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string' || isValues(item));
  return isValues(value);
}

function isValues(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each));
}
