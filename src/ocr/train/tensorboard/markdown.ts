/** What means something in Markdown or HTML; and white space at the ends, or more than one in a row. */
const SPECIAL = /[\\`*_{}[\]()#+!|<>&~$:]|^[\s-]|\s$|\s(?=\s)/gu;

/** A table in Markdown; texts stand there as they are, whatever they hold. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = headings.map(() => '---');
  return [headings, rule, ...rows.map((cells) => cells.map(asIs))].map(line).join('\n');
}

/** With references to characters. */
function asIs(text: string): string {
  return text.replaceAll(SPECIAL, (character) => `&#${character.codePointAt(0)!};`);
}

export function markdownCode(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}
