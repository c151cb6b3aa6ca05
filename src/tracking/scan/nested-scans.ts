import type { TreeSummary } from '../../store/tree-builder.js';
import type { Scan, ScanAnswer, ScanRequest } from './scan-request.js';

/** A request of a scan itself: to scan a folder in it first, and be answered with its tree. */
interface InnerScan {
  type: 'folder';
  scan: NestedScan<TreeSummary>;
}

/** A scan that may ask for folders in it to be scanned. */
export type NestedScan<T> = Generator<ScanRequest | InnerScan, T, ScanAnswer | TreeSummary>;

/** The tree of a folder, scanned while the caller waits. */
export function* inner(scan: NestedScan<TreeSummary>): NestedScan<TreeSummary> {
  return (yield { type: 'folder', scan }) as TreeSummary;
}

/**
 * Runs a scan with all that it asks for inside. The scans that wait for an inner one are kept in a list and not on the stack,
 * which would overflow long before folders are as deep as they may be.
 */
export function* flat<T>(outermost: NestedScan<T>): Scan<T> {
  const waiting: NestedScan<unknown>[] = [];
  let current: NestedScan<unknown> = outermost;
  let answer: ScanAnswer | TreeSummary;
  for (;;) {
    const step = current.next(answer);
    if (step.done === true) {
      const outer = waiting.pop();
      if (!outer) return step.value as T;
      current = outer;
      answer = step.value as TreeSummary;
    } else if (step.value.type === 'folder') {
      waiting.push(current);
      current = step.value.scan;
      answer = undefined;
    } else {
      answer = yield step.value;
    }
  }
}
