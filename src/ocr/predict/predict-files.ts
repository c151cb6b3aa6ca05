import { statSync, type Stats } from 'node:fs';
import { resolve, sep } from 'node:path';
import { systemErrorCode, userError, type OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { looksLikeImage, walkFiles } from '../formats/walk.js';
import { loadImage, type Pixels } from '../images/load.js';
import { isUnreadable } from '../images/unreadable.js';
import { readingOptions } from '../models/reading-limit.js';
import type { Recogniser } from '../models/recogniser.js';
import type { Reading } from './recognise.js';
import { recogniseAll } from './recognise-all.js';

/** An image to read: where it is, and what to call it. */
export interface NamedImage {
  file: string;
  /** As given; below a folder, the folder as given and the name below it. */
  name: string;
}

/** One line of `predict`. */
export interface Prediction extends Reading {
  image: string;
}

/**
 * The images that some paths name: files as given (opened later, so that a broken one is an error), folders walked in
 * sorted order with everything passed over that is no image. Throws `path-missing`, `not-a-file` (a pipe or a device,
 * which would be waited for) and `no-images` (exit code 2).
 */
export function listImages(paths: readonly string[], cwd: string, signal?: AbortSignal): NamedImage[] {
  const images = paths.flatMap((path): NamedImage[] => {
    const file = resolve(cwd, path);
    if (!isFolder(file, path)) return [{ file, name: path }];
    const found = walkFiles(file, signal).filter(looksLikeImage);
    const folder = path.endsWith(sep) ? path : path + sep;
    return found.map(({ path: inside, name }) => ({ file: inside, name: folder + name }));
  });
  if (images.length > 0) return images;
  throw userError('no-images', `there is no image in ${paths.join(', ')}`, {
    hint: 'Name image files, or folders that hold some.',
  });
}

/** False for a regular file. */
function isFolder(file: string, path: string): boolean {
  const kind = kindOf(file, path);
  if (kind.isDirectory() || kind.isFile()) return kind.isDirectory();
  throw userError('not-a-file', `${path} is neither a file nor a folder`, {
    location: { file: path },
    hint: 'Give the path of an image, or of a folder of images.',
  });
}

function kindOf(file: string, path: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw userError('path-missing', `there is no file or folder ${path}`, {
      location: { file: path },
      hint: 'Give the path of an image, or of a folder of images.',
      cause: error,
    });
  }
}

/** What reading gave: a prediction for each image that could be read, and an error for each of the others, in the order given. */
export interface Predictions {
  predictions: Prediction[];
  unreadable: OcrpipeError[];
}

/** Reads image files with a model. An image that cannot be read does not keep the others from being read. */
export async function predictFiles(
  model: Recogniser,
  images: readonly NamedImage[],
  call: { events: EventSink; signal?: AbortSignal | undefined },
): Promise<Predictions> {
  const options = readingOptions(model);
  const key = 'predict';
  const errors = new Map<NamedImage, OcrpipeError>();
  const load = async (image: NamedImage): Promise<Pixels | undefined> => {
    try {
      return await loadImage(image.file, options, image.name);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      errors.set(image, error);
      return undefined;
    }
  };
  const readings = await recogniseAll(model, {
    items: images,
    load,
    ...(call.signal ? { signal: call.signal } : {}),
    onProgress: (done) => {
      call.events({ type: 'progress', key, done, total: images.length, unit: 'files' });
    },
  });
  call.events({ type: 'progress-end', key });
  return {
    predictions: images.flatMap(({ name }, index) => {
      const reading = readings[index];
      return reading === undefined ? [] : [{ image: name, ...reading }];
    }),
    unreadable: images.flatMap((image) => errors.get(image) ?? []),
  };
}
