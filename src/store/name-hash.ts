/** Where {@link withByte} begins. */
export const NO_BYTES = 0x811c9dc5;

/**
 * 32-bit FNV-1a of a name's bytes, then the finaliser of MurmurHash3, which spreads them over all bits.
 * (Fowler, Noll, Vo: "The FNV Non-Cryptographic Hash Algorithm"; A. Appleby: MurmurHash3, fmix32.)
 */
export function nameHash(name: string): number {
  let hash = NO_BYTES;
  for (let index = 0; index < name.length; index += 1) hash = withByte(hash, name.charCodeAt(index));
  return finished(hash);
}

/** FNV-1a of the bytes so far and one more. */
export function withByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** The hash of a name all of whose bytes were taken in. */
export function finished(fnv: number): number {
  let hash = Math.imul(fnv ^ (fnv >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** True if a node of `level` ends behind an entry whose (last) name has this hash: 8 (level + 1) trailing zero bits. */
export function endsNode(hash: number, level: number): boolean {
  const bits = 8 * (level + 1);
  if (bits > 32) return false;
  return hash === 0 || 31 - Math.clz32(hash & -hash) >= bits;
}
