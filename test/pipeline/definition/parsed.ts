import { OcrpipeError } from '../../../src/base/errors.js';
import { readPipeline } from '../../../src/pipeline/definition/read/definition.js';
import type { Problem } from '../../../src/pipeline/definition/problems/problems.js';
import type { Pipeline, Stage } from '../../../src/pipeline/definition/stage/stage.js';
import type { RepoPath } from '../../../src/base/paths.js';

/** A workspace as texts by path; pipeline.yaml files are all included, that of the root first. */
export type Texts = Readonly<Record<string, string>>;

function read(
  texts: Texts,
  environment: Readonly<Record<string, string>> = {},
): { pipeline: Pipeline; problems: readonly Problem[] } {
  const files = Object.keys(texts).filter((path) => path.endsWith('pipeline.yaml')) as RepoPath[];
  return readPipeline({ files, read: (path) => texts[path], environment });
}

/** The stages of a workspace without problems. */
export function stagesOf(
  texts: Texts,
  environment?: Readonly<Record<string, string>>,
): ReadonlyMap<string, Stage> {
  const { pipeline, problems } = read(texts, environment);
  if (problems.length > 0) throw new OcrpipeError('has-problems', JSON.stringify(problems, null, 2));
  return pipeline.stages;
}

/** `file:line:column code message (hint)` of each problem. */
export function problemsOf(texts: Texts, environment?: Readonly<Record<string, string>>): string[] {
  return read(texts, environment).problems.map(({ code, message, hint, location }) => {
    const place = [location?.file, location?.line, location?.column]
      .filter((part) => part !== undefined)
      .join(':');
    return `${place} ${code} ${message} (${hint ?? ''})`;
  });
}

/** The first command of the stage `a` of `stages: {a: {run: …}}`. */
export function commandOf(
  run: string,
  params: string,
  environment?: Readonly<Record<string, string>>,
): string {
  const texts = { 'pipeline.yaml': `stages:\n  a:\n    run: ${run}\n`, 'params.yaml': params };
  return stagesOf(texts, environment).get('a')!.run[0]!;
}
