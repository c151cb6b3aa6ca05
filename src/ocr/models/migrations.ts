/**
 * What turns an older `ocrpipe.json` into today's, one step a version: the step at place 0 makes version 2 of version 1, and so
 * on. A step is never changed once it was released; it works on plain JSON and uses no schema of today. A description that is
 * not what its version says is handed on as it is, so that today's schema names what is wrong.
 */
const STEPS: readonly ((description: Json) => Json)[] = [toVersion2, toVersion3];

type Json = Record<string, unknown>;

/** The description that a file of version `from` holds, as today's version would hold it. */
export function migrated(value: unknown, from: number): unknown {
  if (!isObject(value)) return value;
  return STEPS.slice(from - 1).reduce((description, step) => step(description), value);
}

/** Version 2 writes preprocessing out, and says how each tensor is kept. Version 1 knew the one network and 32-bit floats. */
function toVersion2(description: Json): Json {
  const { model, weights } = description;
  if (!isObject(model) || !isObject(weights) || !Array.isArray(weights['tensors']))
    return { ...description, version: 2 };
  const tensors = weights['tensors'].map((entry: unknown) =>
    isObject(entry) ? { ...entry, encoding: 'float32' } : entry,
  );
  const preprocessing = {
    colour: model['channels'] === 3 ? 'rgb' : 'grey',
    height: model['height'],
    fit: model['fit'],
    width: model['width'] ?? null,
    widthMultiple: model['widthStride'],
    black: -1,
    white: 1,
  };
  return { ...description, version: 2, preprocessing, weights: { ...weights, encoding: 'float32', tensors } };
}

/** Version 3 keeps 8-bit tensors as `uint8`, where version 2 did as `int8`, which is read as ever. */
function toVersion3(description: Json): Json {
  return { ...description, version: 3 };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
