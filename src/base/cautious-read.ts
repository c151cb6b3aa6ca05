import { constants } from 'node:fs';

/** How a file of somebody else's is opened: neither through a link that took its place, nor waiting for the writer of a FIFO that did. */
export const CAUTIOUS_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How a file of our own is opened: a FIFO that took its place reads as an empty file, and a link may have. */
export const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;
