/**
 * The layers of the project, top to bottom. A folder may import itself and what stands below it, never upward;
 * folders of one row never import each other. `ocr` is a plane of its own that imports `base` only.
 */
const layers = [
  ['commands'],
  ['cli'],
  ['web'],
  ['actions'],
  ['project'],
  ['experiments', 'pipeline', 'metrics'],
  ['tracking'],
  ['remote'],
  ['store', 'git', 'config'],
  ['base'],
];
/** Folders that may reach into the OCR plane. */
const mayImportOcr = ['commands', 'actions'];

const folder = (name) => `^src/${name}/`;
const layerRules = layers.flatMap((row, depth) =>
  row.map((name) => {
    const above = layers.slice(0, depth).flat();
    const beside = row.filter((other) => other !== name);
    const refused = [...above, ...beside, ...(mayImportOcr.includes(name) ? [] : ['ocr'])];
    return {
      name: `layer-${name}`,
      severity: 'error',
      comment: `src/${name} may import itself and the layers below it`,
      from: { path: folder(name) },
      to: { path: `^src/(${refused.join('|')})/` },
    };
  }),
);

/** Inside the OCR plane: what each folder may import beside itself. */
const ocr = {
  text: [],
  images: [],
  loading: ['images'],
  nn: [],
  formats: ['text', 'images'],
  split: ['text', 'formats'],
  synth: ['text', 'images', 'formats'],
  models: ['nn', 'text', 'images'],
  evaluate: ['text', 'images', 'nn', 'models', 'predict', 'formats'],
  predict: ['text', 'images', 'loading', 'nn', 'models', 'formats'],
  export: ['text', 'nn', 'models', 'formats', 'evaluate'],
  train: ['text', 'images', 'loading', 'nn', 'models', 'formats', 'evaluate', 'predict'],
};
const ocrRules = Object.entries(ocr).map(([name, allowed]) => ({
  name: `ocr-${name}`,
  severity: 'error',
  from: { path: folder(`ocr/${name}`) },
  to: { path: '^src/', pathNot: `^src/(base|ocr/(${[name, ...allowed].join('|')}))/` },
}));

/** Folders with an order of their own, top to bottom: none imports one above it. */
const ordered = {
  pipeline: ['run', 'executors', 'staleness', 'records', 'definition'],
  'pipeline/definition': [
    'read',
    'edit',
    'instances',
    'templating',
    'graph',
    'dependencies',
    'schema',
    'stage',
    'problems',
  ],
  tracking: ['checkout', 'partial', 'scan', 'pointers', 'ignore'],
  remote: ['fsck', 'push', 'fetch', 'catalog', 'backends'],
};
const orderRules = Object.entries(ordered).flatMap(([parent, folders]) =>
  folders.slice(1).map((name, index) => ({
    name: `${parent}-${name}`,
    severity: 'error',
    comment: `src/${parent}/${name} may not import what is built on it`,
    from: { path: folder(`${parent}/${name}`) },
    to: { path: `^src/${parent}/(${folders.slice(0, index + 1).join('|')})/` },
  })),
);

module.exports = {
  forbidden: [
    ...layerRules,
    ...ocrRules,
    ...orderRules,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-barrels',
      severity: 'error',
      from: {},
      to: { path: '^src/.*/index\\.ts$', pathNot: '^src/commands/' },
    },
    {
      name: 'base-is-a-leaf',
      severity: 'error',
      from: { path: folder('base') },
      to: { path: '^src/', pathNot: folder('base') },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node|^webgpu$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'src/ocr/nn/kernels/assembly' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
