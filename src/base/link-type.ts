/**
 * How a large file of the store comes into the workspace.
 * - `reflink`: a clone that shares its blocks until one of the two is written to; a file of its own in every other way
 * - `hardlink`: the store's file under a second name, read-only
 * - `symlink`: a link to the store's file
 * - `copy`: bytes of its own
 */
export const LINK_TYPES = ['reflink', 'hardlink', 'symlink', 'copy'] as const;

export type LinkType = (typeof LINK_TYPES)[number];

/** What holds where nothing is set: files that can be edited, at no cost where the file system can clone. */
export const DEFAULT_LINKS: readonly LinkType[] = ['reflink', 'copy'];
