// Preloaded (node --import) into a process that is to believe it has every lock: as where locks do not work, on some network disks.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { linkSync } = fs;
fs.linkSync = (file, target) => {
  if (/\/locks\/[^/]*$/.test(String(target))) fs.copyFileSync(file, target);
  else linkSync(file, target);
};
syncBuiltinESMExports();
