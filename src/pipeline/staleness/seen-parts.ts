import { isWithin, type RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { dependencyKey, writtenDependency } from '../definition/dependencies/dependency-part.js';
import type { Stage } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import { exceptions, partContent, type PartialDependency } from './dependency-content.js';

interface Look {
  readonly path: RepoPath;
  readonly content: Promise<Snapshot | undefined>;
  /** How many commands of stages had ended when it began. */
  readonly ended: number;
}

/** What was seen of the parts of dependencies: each is looked at once until `changed` says that it is another now. */
export class SeenParts {
  readonly #host: PipelineHost;
  readonly #seen = new Map<string, Look>();

  constructor(host: PipelineHost) {
    this.#host = host;
  }

  content(stage: Stage, dep: PartialDependency, ended: number): Promise<Snapshot | undefined> {
    const key = `${dependencyKey(writtenDependency(dep))}\0${exceptions(stage, dep)}`;
    const known = this.#seen.get(key);
    if (known) return known.content;
    const content = partContent(this.#host, stage, dep);
    this.#seen.set(key, { path: dep.path, content, ended });
    return content;
  }

  /** Forgets what was seen below a path before some stage ended. */
  forgetOutdated(path: RepoPath, ended: number): void {
    for (const [key, look] of this.#seen) {
      if (look.path === path && look.ended !== ended) this.#seen.delete(key);
    }
  }

  changed(paths: readonly RepoPath[]): void {
    for (const [key, { path: known }] of this.#seen) {
      if (paths.some((path) => isWithin(known, path) || isWithin(path, known))) this.#seen.delete(key);
    }
  }
}
