import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The one example of a language in a page of the docs, or the one in which `word` stands: what users copy is what is tested. */
export function docExample(page: string, language: string, word = ''): string {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8');
  const all = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code!,
  );
  const found = all.filter((code) => code.includes(word));
  if (found.length !== 1)
    throw new Error(`docs/${page} has ${found.length} examples in ${language} with '${word}'`);
  return found[0]!;
}
