import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { previewAugment } from '../../../src/actions/preview-augment.js';
import { quietCall } from '../../rig/call.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';

async function preview(folder: string): Promise<string> {
  await drawnLines(folder, 'lines', ['abc', 'cab', 'aline'.repeat(30)]);
  writeFileSync(join(folder, 'params.yaml'), 'augment: {rotate: 4, jpeg: 60}');
  await previewAugment({ previewAugment: 'page.html', train: 'lines.jsonl' }, quietCall(folder));
  return readFileSync(join(folder, 'page.html'), 'utf8');
}

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browser = BROWSERS.find((file) => existsSync(file));

describe('in a browser', () => {
  it.skipIf(browser === undefined)(
    browser === undefined
      ? 'skipped: there is no Chromium or Chrome in /usr/bin'
      : 'all pictures of the preview are seen, and a narrow window needs no scrolling sideways',
    async () => {
      const folder = temporaryFolder();
      const page = await preview(folder);
      const measure = `<script>onload = () => {
        const images = [...document.images];
        const seen = images.filter((image) => image.complete && image.naturalWidth > 0 && image.width > 0);
        const wide = document.documentElement.scrollWidth - innerWidth;
        document.body.textContent = 'seen ' + seen.length + ' of ' + images.length + ', too wide by ' + Math.max(0, wide);
      }</script>`;
      const measured = join(folder, 'measured.html');
      writeFileSync(measured, page.replace('</body>', `${measure}</body>`));
      const pictures = page.match(/<img /g)!.length;
      for (const width of [1200, 500]) {
        const args = [
          '--headless=new',
          '--no-sandbox',
          '--disable-gpu',
          `--user-data-dir=${join(folder, 'profile')}`,
        ];
        const { stdout } = spawnSync(
          browser!,
          [
            ...args,
            `--window-size=${width},900`,
            '--virtual-time-budget=3000',
            '--dump-dom',
            `file://${measured}`,
          ],
          { encoding: 'utf8', timeout: 50_000 },
        );
        expect(stdout).toContain(`seen ${pictures} of ${pictures}, too wide by 0`);
      }
    },
  );
});
