import { OcrpipeError } from '../../base/errors.js';
import type { Pipeline, Stage, UrlDependency } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import type { UrlNow } from './staleness.js';

/** Which versions stand elsewhere: each address is asked once for all stages. */
export class SeenUrls {
  readonly #host: Pick<PipelineHost, 'urlVersion'>;
  readonly #pipeline: Pipeline;
  readonly #seen = new Map<string, Promise<string | undefined>>();

  constructor(host: Pick<PipelineHost, 'urlVersion'>, pipeline: Pipeline) {
    this.#host = host;
    this.#pipeline = pipeline;
  }

  /** Sorted by address; a frozen stage asks nothing. */
  now({ name, urls, frozen }: Stage): Promise<readonly UrlNow[]> {
    const sorted = [...urls].sort((a, b) => (a.url < b.url ? -1 : 1));
    // Whatever the answer is, it would not run.
    if (frozen) return Promise.resolve(sorted.map(({ url }) => ({ url })));
    return Promise.all(
      sorted.map(async (url): Promise<UrlNow> => {
        const version = await this.#version(name, url);
        return { url: url.url, ...(version !== undefined && { version }) };
      }),
    );
  }

  async #version(stage: string, dep: UrlDependency): Promise<string | undefined> {
    const key = `${dep.remote ?? ''}\0${dep.url}`;
    const asked = this.#seen.get(key) ?? this.#host.urlVersion(dep);
    this.#seen.set(key, asked);
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      const { code, message, hint, exitCode } = error;
      throw new OcrpipeError(code, `stage '${stage}' depends on something elsewhere: ${message}`, {
        exitCode,
        hint: `${hint ?? ''} What is recorded is used without asking while the stage is frozen: 'ocrpipe freeze ${stage}'.`.trim(),
        location: this.#pipeline.locate(dep.at),
        cause: error,
      });
    }
  }
}
