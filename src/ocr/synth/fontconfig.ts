import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes the text renderer see the fonts that it is handed and no others, with no settings of this machine: what is
 * drawn is then the same everywhere, and a family cannot be replaced by one that happens to be installed. It must be
 * called before this process draws its first text, because the renderer reads its configuration once.
 */
export async function withOwnFontsOnly<T>(work: () => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ocrpipe-fonts-'));
  const file = join(folder, 'fonts.conf');
  writeFileSync(
    file,
    `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig><cachedir>${escapeXml(folder)}</cachedir></fontconfig>\n`,
  );
  process.env['FONTCONFIG_FILE'] = file;
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Text for XML and for Pango's markup. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
