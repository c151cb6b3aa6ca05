import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OcrpipeError } from '../../base/errors.js';
import { textOfBytes } from '../../base/byte-text.js';
import { walkTree } from '../../store/tree-reader.js';
import { bytePath, fsPath, joinBytes } from '../../tracking/byte-path.js';
import type { Stage } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';

/** So many are named. */
const NAMED = 5;

/**
 * Compares what stands at the outputs of a stage with what its job wrote there, as the job itself hashed it. Throws
 * `output-half-written`, with names: a shared folder may show a file that is not whole yet, and somebody else may have written. Without
 * a list (the node cannot hash) there is nothing to compare.
 */
export async function refuseHalfWritten(
  host: PipelineHost,
  stage: Stage,
  attemptFolder: string,
): Promise<void> {
  const written = readHashes(join(attemptFolder, 'outputs.sha256'));
  if (written === undefined) return;
  const wrong: string[] = [];
  for (const { path } of stage.outs) {
    for await (const [name, id] of filesAt(host, path)) {
      if (written.get(name) !== id) wrong.push(name);
      written.delete(name);
    }
  }
  // What tracking leaves out was hashed all the same; what is not there at all was there.
  const root = bytePath(host.root);
  const missing = [...written.keys()].filter((name) => !existsSync(fsPath(joinBytes(root, name))));
  const names = [...wrong, ...missing].map(textOfBytes).sort();
  if (names.length === 0) return;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const listed = names.slice(0, NAMED).join(', ');
  throw new OcrpipeError(
    'output-half-written',
    `not what the job of stage '${stage.name}' wrote: ${listed}${more}`,
    {
      hint: 'Nothing was recorded. If nobody else writes there, the shared folder does not show whole files; run it again.',
    },
  );
}

/** The files at a path, by their paths from the root, with the SHA-256 of each. */
async function* filesAt(
  host: PipelineHost,
  path: Stage['outs'][number]['path'],
): AsyncGenerator<[string, string]> {
  const tree = await host.files.tree(path, host);
  if (tree === undefined) return;
  const base = bytePath(path);
  if (tree.snapshot.kind === 'file') {
    yield [base, tree.snapshot.id];
    return;
  }
  for (const { path: inside, entry } of walkTree({ reader: tree.reader, id: tree.snapshot.id })) {
    if (entry.kind === 'file') yield [`${base}/${inside}`, entry.id];
  }
}

/** What sha256sum printed: bytes of names as latin1; a line that begins with a backslash has escapes in its name. */
function readHashes(file: string): Map<string, string> | undefined {
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'latin1').split('\n');
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, escaped, id, name] = /^(\\?)([0-9a-f]{64})[ *]{2}\.\/(.*)$/s.exec(line) ?? [];
      if (id === undefined || name === undefined) return [];
      return [[escaped === '' ? name : unescaped(name), id]];
    }),
  );
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\' };

function unescaped(name: string): string {
  return name.replace(/\\([nr\\])/g, (_, letter: string) => ESCAPES[letter]!);
}
