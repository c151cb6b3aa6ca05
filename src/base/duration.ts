const FORM = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/;
const SECONDS = [86_400, 3_600, 60, 1];

/** A time as people write it, `90s`, `10m`, `1h30m` or `2d`, in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, ...parts] = text === '' ? [] : (FORM.exec(text) ?? []);
  if (parts.length === 0) return undefined;
  return parts.reduce(
    (sum, part, index) => sum + Number((part as string | undefined) ?? 0) * SECONDS[index]!,
    0,
  );
}
