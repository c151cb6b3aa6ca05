import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A block of YAML in a page of docs/. */
export interface Example {
  /** As its first line calls it, `# params.yaml`; else pipeline.lock if it has a version, or pipeline.yaml. */
  readonly file: string;
  readonly text: string;
  /** The heading that it stands below. */
  readonly heading: string;
}

/** The blocks of YAML in a page, in their order. */
export function examplesIn(page: string): Example[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8');
  let heading = '';
  return [...text.matchAll(/^#+ (.*)$|^```yaml\n([^]*?)^```$/gm)].flatMap(([, title, block]) => {
    heading = title ?? heading;
    if (block === undefined) return [];
    const file =
      /^# (\S+\.(?:yaml|lock))/.exec(block)?.[1] ??
      (block.startsWith('version: ') ? 'pipeline.lock' : 'pipeline.yaml');
    return [{ file, text: block, heading }];
  });
}
