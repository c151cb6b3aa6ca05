import { constants } from 'node:fs';

/** How a file of somebody else's is opened: neither through a link that took its place, nor waiting for the writer of a FIFO that did. */
export const CAUTIOUS_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
