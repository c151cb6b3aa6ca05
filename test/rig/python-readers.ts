import { fileURLToPath } from 'node:url';

/** Python with onnxruntime and TensorBoard, which `scripts/python-readers.sh` installs. */
export const READERS_PYTHON = fileURLToPath(
  new URL('../../.cache/python-readers/bin/python', import.meta.url),
);
