import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { nearestSibling } from '../ocr/formats/nearest-sibling.js';
import { checkpointFolder } from '../ocr/models/held-model-folder.js';
import { DESCRIPTION_FILE } from '../ocr/models/model-description.js';

/**
 * The absolute folders of saved models that are to read together: each that is named, and those in a named folder that is none itself, in the order of their names; several are told of. Throws
 * `model-missing` where there is none, and `committee-conflict` for one that is there twice, also by a link, or has others in it.
 */
export function savedModels(
  { cwd, events }: Pick<Call, 'cwd' | 'events'>,
  shown: readonly string[],
): string[] {
  const folders = new Map<string, string>();
  for (const name of shown) {
    const found = modelsNamed(resolve(cwd, name));
    for (const folder of found.length > 0 ? found : [savedModel(cwd, name)]) {
      const place = realpathSync(folder);
      if (folders.has(place)) throw namedTwice(folder);
      folders.set(place, folder);
    }
  }
  const models = [...folders.values()];
  if (models.length > 1) {
    const names = models.map((folder) => relative(cwd, folder) || '.').join(', ');
    const message = `${models.length} models read together: ${names}`;
    events({ type: 'note', level: 'info', code: 'models-together', message });
  }
  return models;
}

/** Those in a folder that is no model itself; throws `committee-conflict` for one that is, and has others in it. */
function modelsNamed(folder: string): string[] {
  const inside = modelsIn(folder);
  if (inside.length === 0 || !existsSync(join(folder, DESCRIPTION_FILE))) return inside;
  throw userError('committee-conflict', 'the folder is a model, and there are models in it', {
    location: { file: folder },
    hint: `Name the ones that shall read, such as ${inside[0]!}, or delete what is left of an earlier training: the files of the folder, or the folders in it.`,
  });
}

function modelsIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const inside = names.sort().map((name) => join(folder, name));
  return inside.filter((each) => existsSync(join(each, DESCRIPTION_FILE)));
}

function namedTwice(folder: string): Error {
  return userError('committee-conflict', 'a model cannot read together with itself', {
    location: { file: folder },
    hint: 'Name each model once; a folder stands for all models in it.',
  });
}

/** The absolute folder of a saved model; throws `model-missing` where there is none, saying what is there instead. */
export function savedModel(cwd: string, shown: string): string {
  const folder = resolve(cwd, shown);
  if (existsSync(join(folder, DESCRIPTION_FILE))) return folder;
  if (existsSync(checkpointFolder(folder))) {
    throw userError('model-missing', `${shown} is no model yet: its training runs, or was interrupted`, {
      location: { file: shown },
      hint: "Wait for its end, or give the same 'ocrpipe train' command again to go on from its checkpoint.",
    });
  }
  throw userError('model-missing', `${shown} is no model: it has no ocrpipe.json`, {
    location: { file: shown },
    hint: whatIsThere(folder, shown),
  });
}

/** What to do where a folder is no model. */
function whatIsThere(folder: string, shown: string): string {
  const inside = modelsIn(folder).map((model) => join(shown, basename(model)));
  if (inside.length > 0) return `There are models in it: name one, such as ${inside[0]!}.`;
  const near = existsSync(folder) ? undefined : nearestSibling(folder);
  return near ?? "Train one with 'ocrpipe train', or get it with 'ocrpipe pull'.";
}
