/** A folder that changed so recently may change again without a new time on a coarse clock. Milliseconds. */
const COARSE_CLOCK_MS = 2000;

/** True if a folder of that modification time (milliseconds since 1970) gets another one should it change from now on. */
export function isSettled(folderTime: number): boolean {
  return Math.abs(Date.now() - folderTime) > COARSE_CLOCK_MS;
}
