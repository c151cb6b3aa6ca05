// Runs one action of the built package in this process, so that a test can kill it: FOLDER ACTION INPUT(JSON).
const [, , folder, name, input] = process.argv;
const actions = await import(new URL(`../../.cache/modules/actions/${name}.js`, import.meta.url).href);
/* global AbortController */
const call = { cwd: folder, events: () => undefined, signal: new AbortController().signal };
await actions[name](JSON.parse(input), call);
