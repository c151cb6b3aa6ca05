const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes for people: '820 bytes', '3.2 MiB'. */
export function sizeText(bytes: number): string {
  const place = Math.min(UNITS.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${place === 0 ? bytes : (bytes / 1024 ** place).toFixed(1)} ${UNITS[place]!}`;
}
