import { Document, isScalar, Scalar, stringify, visit } from 'yaml';
import type { JsonValue } from '../../../base/canonical-json.js';

/** A name as a key of YAML. */
export function stageName(name: string): string {
  return stringify(name, { lineWidth: 0 }).trimEnd();
}

/** A value on one line. */
export function flowText(value: JsonValue): string {
  const document = new Document(value, { version: '1.2', schema: 'core' });
  visit(document, {
    Collection: (_key, node) => {
      node.flow = true;
    },
    Scalar: (_key, node) => {
      // A text of several lines cannot stand on one otherwise.
      if (isScalar(node) && typeof node.value === 'string' && node.value.includes('\n'))
        node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}

/** A stage as people write one: a key a line, lists and maps on one line each, commands of several lines as blocks. */
export function stageLines(
  name: string,
  stage: { readonly [key: string]: JsonValue },
  indent: number,
): string[] {
  const inner = Object.entries(stage).flatMap(([key, value]) => keyLines(key, value));
  const spaces = ' '.repeat(indent);
  return [`${spaces}${stageName(name)}:`, ...inner.map((line) => (line === '' ? '' : `${spaces}  ${line}`))];
}

function keyLines(key: string, value: JsonValue): string[] {
  const blocks = key === 'run' && Array.isArray(value) ? value : undefined;
  if (blocks) return [`${key}:`, ...blocks.map((line) => `  - ${flowText(line as JsonValue)}`)];
  if (typeof value === 'string' && value.includes('\n')) {
    return stringify({ [key]: value }, { lineWidth: 0 })
      .trimEnd()
      .split('\n');
  }
  return [`${key}: ${flowText(value)}`];
}
