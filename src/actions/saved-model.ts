import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { userError } from '../base/errors.js';
import { nearestSibling } from '../ocr/formats/nearest-sibling.js';
import { checkpointFolder } from '../ocr/models/held-model-folder.js';

/** The absolute folder of a saved model; throws `model-missing` where there is none, saying what is there instead. */
export function savedModel(cwd: string, shown: string): string {
  const folder = resolve(cwd, shown);
  if (existsSync(join(folder, 'ocrpipe.json'))) return folder;
  if (existsSync(checkpointFolder(folder))) {
    throw userError('model-missing', `${shown} is no model yet: its training runs, or was interrupted`, {
      location: { file: shown },
      hint: "Wait for its end, or give the same 'ocrpipe train' command again to go on from its checkpoint.",
    });
  }
  throw userError('model-missing', `${shown} is no model: it has no ocrpipe.json`, {
    location: { file: shown },
    hint:
      (existsSync(folder) ? undefined : nearestSibling(folder)) ??
      "Train one with 'ocrpipe train', or get it with 'ocrpipe pull'.",
  });
}
