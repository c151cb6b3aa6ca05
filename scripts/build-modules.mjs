// `node scripts/build-modules.mjs`: src/ -> .cache/modules/, module by module. For the programs of tests and benchmarks that run in
// a process of their own and call single modules; what is shipped is dist/, made by `build.mjs`.
import { join } from 'node:path';
import { bundle, modulesOfSource, root } from './bundle.mjs';

await bundle({
  target: join(root, '.cache', 'modules'),
  entries: Object.fromEntries(modulesOfSource().map((name) => [name, name])),
  external: (id) => !id.startsWith('.') && !id.startsWith(root),
  output: { preserveModules: true, preserveModulesRoot: join(root, 'src') },
});
