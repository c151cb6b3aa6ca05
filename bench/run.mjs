// `npm run bench [-- NAME…]`: runs the named measurements, or all of them, one after the other. Each is a folder beside this
// file with a `run.mjs` that prints a table for bench/RESULTS.md; run them on a quiet machine, from a clean checkout.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const known = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no measurement is called ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

const failed = (asked.length > 0 ? asked : known).filter((name) => {
  console.log(`== ${name}`);
  return spawnSync(process.execPath, [join(here, name, 'run.mjs')], { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
