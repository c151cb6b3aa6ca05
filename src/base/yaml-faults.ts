import { isAlias, isScalar, visit, type Document, type Node, type Pair, type YAMLMap } from 'yaml';

/** What a parser lets pass, and is refused all the same. */
export interface YamlFault {
  readonly message: string;
  /** Where it stands in the text. */
  readonly offset: number;
  readonly hint?: string;
}

/** The types of YAML 1.2's core schema. */
const CORE_TAGS = new Set([
  '!',
  ...['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((type) => `tag:yaml.org,2002:${type}`),
]);

/** Maps and lists below each other, their pairs counted too: no stack ends before. */
const MAX_NESTING = 400;

/** Ends a walk over a document: thrown by its visitor alone. */
class Found extends Error {
  readonly fault: YamlFault;

  constructor(fault: YamlFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * The first thing in a document that has no one value as JSON, the same for every reader: a key that stands twice (as `1` and `"1"`
 * do), a key that is a map or a list, a tag beyond the core types, an alias of what it lies in, too deep nesting; and any anchor or
 * alias, if they are not allowed. Undefined if there is none.
 */
export function yamlFault(document: Document, { anchors }: { anchors: boolean }): YamlFault | undefined {
  const [warning] = document.warnings;
  if (warning) return { message: warning.message, offset: warning.pos[0], hint: TAG_HINT };
  try {
    visit(document, {
      Node: (_key, node, path) => {
        throwFault(nodeFault(document, node, { path, anchors }));
      },
      Map: (_key, map, path) => {
        throwFault(nodeFault(document, map, { path, anchors }) ?? keyFault(document, map));
      },
    });
    return undefined;
  } catch (error) {
    if (error instanceof Found) return error.fault;
    throw error;
  }
}

function throwFault(fault: YamlFault | undefined): void {
  if (fault) throw new Found(fault);
}

const ALIAS_HINT = 'Write &NAME at the value that it stands for, or the text in quotes.';
const TAG_HINT = 'Take it out, or write the value as a text in quotes.';

function nodeFault(
  document: Document,
  node: Node,
  { path, anchors }: { path: readonly unknown[]; anchors: boolean },
): YamlFault | undefined {
  const offset = node.range?.[0] ?? 0;
  if (!anchors && (isAlias(node) || node.anchor !== undefined)) {
    return { message: 'anchors and aliases are not allowed here', offset };
  }
  if (path.length > MAX_NESTING) return { message: 'it is nested too deeply', offset };
  if (isAlias(node)) {
    const target = node.resolve(document);
    if (target === undefined) {
      return { message: `*${node.source} names no anchor before it`, offset, hint: ALIAS_HINT };
    }
    if (!path.includes(target)) return undefined;
    return { message: `the alias *${node.source} stands inside what it is an alias of`, offset };
  }
  const { tag } = node;
  if (tag === undefined || CORE_TAGS.has(tag)) return undefined;
  const name = tag.replace('tag:yaml.org,2002:', '!!');
  return { message: `the tag ${name} is none of YAML 1.2's core types`, offset, hint: TAG_HINT };
}

function keyFault(document: Document, map: YAMLMap): YamlFault | undefined {
  const seen = new Set<string>();
  for (const { key } of map.items as Pair<Node | null>[]) {
    const node = isAlias(key) ? key.resolve(document) : key;
    const offset = key?.range?.[0] ?? 0;
    if (node && !isScalar(node)) {
      return { message: 'a key is a map or a list', offset, hint: 'Write keys as plain texts.' };
    }
    const name = keyName(node?.value);
    if (seen.has(name)) {
      return {
        message: `the key '${name}' stands twice in one map`,
        offset,
        hint: 'Rename one of the two, or take it out.',
      };
    }
    seen.add(name);
  }
  return undefined;
}

/** What a key is called once it is one of an object; a merge key is a symbol. */
function keyName(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'symbol' ? (value.description ?? '') : `${value as string | number | boolean}`;
}
