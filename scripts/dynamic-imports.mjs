const HEAD = 'const importModule = module.importModule ?? ((id) => import(id));\n';

/**
 * A plugin for rolldown: what a CommonJS file imports as it runs goes through `importModule` of whoever loads the file. Code that was compiled
 * before cannot import by itself: Node 20 does not tell it from where.
 */
export function dynamicImports() {
  return {
    name: 'dynamic-imports',
    renderChunk(code) {
      const places = importsIn(this.parse(code));
      if (places.length === 0) return undefined;
      const parts = places.map((place, index) => code.slice(places[index - 1]?.after ?? 0, place.start));
      const rest = code.slice(places.at(-1).after);
      return `${HEAD}${[...parts, rest].join('importModule')}`;
    },
  };
}

/** Where `import` stands in the expressions `import(…)` of a syntax tree, in order. */
function importsIn(node) {
  if (node === null || typeof node !== 'object') return [];
  const own =
    node.type === 'ImportExpression' ? [{ start: node.start, after: node.start + 'import'.length }] : [];
  return [...own, ...Object.values(node).flatMap(importsIn)].sort((a, b) => a.start - b.start);
}
