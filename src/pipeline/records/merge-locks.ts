/** The same text in two states, and in the one that both came from. */
export interface LockSides {
  base: string;
  ours: string;
  theirs: string;
}

export interface MergedLock {
  text: string;
  /** The stages that both sides ran, each with another result, sorted. */
  conflicts: string[];
}

/** pipeline.lock as text, cut where each stage begins. */
interface LockText {
  head: string;
  /** The block of each stage, from the line with its name on. */
  blocks: ReadonlyMap<string, string>;
}

const STAGES = 'stages:';

/**
 * Merges pipeline.lock stage by stage: what one side alone ran, or dropped, is taken from it. A stage that both ran in different ways is
 * a conflict, in markers around its block alone: lines of two runs side by side would record one that never happened. Of
 * a stage that one side dropped and the other ran, the run stays: an entry is compared with the stage before it counts. With
 * `virtual` (the merge of several bases, which nobody sees) a conflict is what the base has. Undefined for
 * what is not as ocrpipe writes it, which git then merges as text.
 */
export function mergeLocks(
  { base, ours, theirs }: LockSides,
  how: { ours: string; theirs: string; virtual: boolean },
): MergedLock | undefined {
  const [before, a, b] = [base, ours, theirs].map(splitLock);
  if (!a || !b || a.head !== b.head) return undefined;
  const old = before ?? { head: a.head, blocks: new Map<string, string>() };
  const names = [...new Set([...a.blocks.keys(), ...b.blocks.keys()])].sort(byText);
  const conflicts: string[] = [];
  const blocks = names.flatMap((name) => {
    const [was, left, right] = [old, a, b].map(({ blocks: each }) => each.get(name));
    const merged = mergeBlock(was, left, right);
    if (merged !== undefined) return merged;
    if (how.virtual) return was ?? [];
    conflicts.push(name);
    return inMarkers({ ...how, blocks: [left!, right!] });
  });
  const head = blocks.length === 0 ? `${a.head}${STAGES} {}\n` : `${a.head}${STAGES}\n`;
  return { text: head + blocks.join(''), conflicts };
}

/** A lock with markers in it where for each stage one side was chosen, or none yet (`open`). */
export function chooseLocked(
  sides: { ours: string; theirs: string },
  choice: (stage: string) => 'ours' | 'theirs' | 'open',
  labels: { ours: string; theirs: string },
): MergedLock | undefined {
  const [a, b] = [sides.ours, sides.theirs].map(splitLock);
  if (!a || !b || a.head !== b.head) return undefined;
  const conflicts: string[] = [];
  const blocks = [...new Set([...a.blocks.keys(), ...b.blocks.keys()])].sort(byText).flatMap((name) => {
    const [left, right] = [a.blocks.get(name), b.blocks.get(name)];
    if (left === right) return left ?? [];
    const chosen = choice(name);
    if (chosen !== 'open') return (chosen === 'ours' ? left : right) ?? [];
    conflicts.push(name);
    return inMarkers({ ...labels, blocks: [left ?? '', right ?? ''] });
  });
  const head = blocks.length === 0 ? `${a.head}${STAGES} {}\n` : `${a.head}${STAGES}\n`;
  return { text: head + blocks.join(''), conflicts };
}

/** The stages of which two texts of pipeline.lock say something else; undefined for what is not as ocrpipe writes it. */
export function differingStages(sides: { ours: string; theirs: string }): string[] | undefined {
  return chooseLocked(sides, () => 'open', { ours: '', theirs: '' })?.conflicts;
}

/** The stage of each output that a text of pipeline.lock names, also where there are markers in it. */
export function lockedOutputs(text: string): Map<string, string> {
  const outputs = new Map<string, string>();
  let [stage, section] = ['', ''];
  for (const line of text.split('\n')) {
    stage = nameOf(/^ {2}(\S.*):\s*$/.exec(line)?.[1] ?? '') || stage;
    section = /^ {4}(\w+):/.exec(line)?.[1] ?? section;
    const path = section === 'outs' ? /^ {6}- path: (.*\S)\s*$/.exec(line)?.[1] : undefined;
    if (path !== undefined) outputs.set(nameOf(path) ?? path, stage);
  }
  return outputs;
}

function splitLock(text: string): LockText | undefined {
  const at = text.startsWith(STAGES) ? 0 : text.indexOf(`\n${STAGES}`) + 1;
  if (text.trim() === '' || (at === 0 && !text.startsWith(STAGES))) return undefined;
  const [first = '', ...lines] = text.slice(at).split(/(?<=\n)/);
  const isEmpty = first.trimEnd() === `${STAGES} {}` && lines.length === 0;
  if (!isEmpty && first.trimEnd() !== STAGES) return undefined;
  const blocks = new Map<string, string>();
  let name: string | undefined;
  for (const line of lines) {
    const found = /^ {2}(\S.*):\s*$/.exec(line)?.[1];
    if (found !== undefined) name = nameOf(found);
    // Anything else to the left of a block is nothing that ocrpipe writes there.
    if (name === undefined || (found === undefined && !line.startsWith('   '))) return undefined;
    blocks.set(name, (blocks.get(name) ?? '') + line);
  }
  return { head: text.slice(0, at), blocks };
}

function nameOf(written: string): string | undefined {
  if (!written.startsWith('"')) return written;
  try {
    return String(JSON.parse(written));
  } catch {
    return undefined;
  }
}

/** Undefined for a conflict. */
function mergeBlock(
  base: string | undefined,
  ours: string | undefined,
  theirs: string | undefined,
): string | string[] | undefined {
  if (ours === theirs || base === theirs) return ours ?? [];
  if (base === ours) return theirs ?? [];
  return ours === undefined || theirs === undefined ? (ours ?? theirs) : undefined;
}

function inMarkers(how: { ours: string; theirs: string; blocks: readonly [string, string] }): string {
  const [left, right] = how.blocks;
  return `<<<<<<< ${how.ours}\n${left}=======\n${right}>>>>>>> ${how.theirs}\n`;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
