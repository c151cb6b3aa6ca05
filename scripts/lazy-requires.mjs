/** `const name_1 = require("package");`, as TypeScript writes an import where modules are CommonJS. */
const REQUIRE = /^const (\w+_\d+) = ((?:__importDefault\()?require\("[^"]+"\)\)?);\n/gm;

/** How oclif sorts its commands as it starts: by tables of languages, which take milliseconds to read. Names of commands are ASCII. */
const SLOW_ORDER = 'a.id.localeCompare(b.id)';

/**
 * A plugin for rolldown: the CommonJS modules of the package in `folder` require others where they use them and not as they are
 * loaded. A command then loads only what it needs of the framework: no template language, no globs, no pages of help.
 */
export function lazyRequires(folder) {
  return {
    name: 'lazy-requires',
    transform(code, id) {
      if (!id.startsWith(folder)) return undefined;
      const required = new Map();
      const others = code.replace(REQUIRE, (_, name, expression) => {
        // In brackets: `new name_1.default()` is to stay one.
        required.set(name, `(${expression})`);
        return '';
      });
      return others
        .replace(/\b\w+_\d+\b/g, (name) => required.get(name) ?? name)
        .replaceAll(SLOW_ORDER, '(a.id < b.id ? -1 : 1)');
    },
  };
}
