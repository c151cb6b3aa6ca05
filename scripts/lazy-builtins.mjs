/** Modules of Node that few commands use, and that take some milliseconds each. */
const SELDOM_USED = new Set(
  [
    ...['child_process', 'dns', 'dns/promises', 'events', 'http', 'https', 'net', 'readline', 'stream'],
    ...['stream/promises', 'tls', 'tty', 'worker_threads', 'zlib', 'v8', 'process'],
  ].map((name) => `node:${name}`),
);
const REQUIRE = /^let (\w+) = require\("(node:[\w/]+)"\);\n(?:\1 = [\w.]+\(\1(?:, 1)?\);\n)?/gm;

/** A plugin for rolldown: what is seldom used of Node is required where it is used, and not as a chunk is loaded. */
export function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    renderChunk(code) {
      const expressions = new Map();
      const others = code.replace(REQUIRE, (lines, name, id) => {
        if (!SELDOM_USED.has(id)) return lines;
        expressions.set(name, `(require("${id}"))`);
        return '';
      });
      // The module itself stands where its default export was asked for.
      return others.replace(/\b(node_\w+)\b(?:\.default\b)?/g, (use, name) => expressions.get(name) ?? use);
    },
  };
}
