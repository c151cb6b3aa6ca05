import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The first example of a language in a page of the docs: what users copy is what is tested. */
export function docExample(page: string, language: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8');
  const code = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(text)?.[1];
  if (code === undefined) throw new Error(`docs/${page} has no example in ${language}`);
  return code;
}
