import { source } from './bundle.mjs';

/**
 * A plugin for rolldown: the package `name`, whose only export is a function, is run when that function is first called and not when a command
 * starts. For string-width: the tables of Unicode that it prepares take as long as the rest of the start.
 */
export function lazyPackage(name) {
  const stand = `\0lazy:${name}`;
  return {
    name: 'lazy-package',
    // Other packages may mean another version by that name.
    resolveId: (id, importer) => (id === name && importer?.startsWith(source) ? stand : undefined),
    load: (id) =>
      id === stand
        ? `export default (...values) => require(${JSON.stringify(name)}).default(...values);`
        : undefined,
  };
}
