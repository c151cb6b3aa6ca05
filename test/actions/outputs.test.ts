import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { convert } from '../../src/actions/convert.js';
import { evaluate } from '../../src/actions/evaluate.js';
import { split } from '../../src/actions/split.js';
import { synth } from '../../src/actions/synth.js';
import { train, type TrainInput } from '../../src/actions/train.js';
import type { Call } from '../../src/base/call.js';
import { quietCall } from '../rig/call.js';
import { fileListing } from '../rig/file-listing.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const style = { heightPx: 16, blurPx: 0, noise: 0, slantDegrees: 0, contrast: 1 };
const METRICS = '{\n  "exact": 1,\n  "cer": 0,\n  "levenshtein": 0,\n  "charF1": 1,\n  "count": 2\n}\n';
const CURVE =
  '{"step":1,"epoch":0.5,"learningRate":0.1,"loss":2,"exact":0,"cer":1,"valExact":0,"valCer":1,"valLevenshtein":2,"valCharF1":0}\n';

let prepared: Call;
let call: Call;

beforeAll(async () => {
  prepared = quietCall(temporaryFolder(afterAll));
  const drawing = { out: 'lines', count: 6, seed: 1, length: '2', alphabet: 'AB1', fonts: [], style };
  await synth(drawing, prepared);
  renameSync(join(prepared.cwd, 'lines/labels.json'), join(prepared.cwd, 'lines/labels.of.json'));
});

/** A folder of its own with six images, their labels as JSON and as manifest, and what was read in them. */
beforeEach(async () => {
  call = quietCall(temporaryFolder());
  for (const name of readdirSync(join(prepared.cwd, 'lines/images'))) {
    write(`images/${name}`, readFileSync(join(prepared.cwd, 'lines/images', name)));
  }
  write('labels.json', readFileSync(join(prepared.cwd, 'lines/labels.of.json')));
  await convert({ sources: ['labels.json'], out: 'all.jsonl' }, call);
  write(
    's/train.jsonl',
    readFileSync(join(call.cwd, 'all.jsonl'), 'utf8').replaceAll('images/', '../images/'),
  );
  const entries = Object.entries(JSON.parse(read('labels.json')) as Record<string, string>);
  write('read.tsv', entries.map(([image, text]) => `${image}\t${text}\n`).join(''));
});

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(call.cwd, name)), { recursive: true });
  writeFileSync(join(call.cwd, name), content);
}

function read(name: string): string {
  return readFileSync(join(call.cwd, name), 'utf8');
}

const doConvert = (source: string, out: string) => convert({ sources: [source], out }, call);
const doSplit = (source: string, out: string) =>
  split({ source, out, share: 'train=0.5,val=0.5', seed: 1, group: 'text', stable: false }, call);
const doEvaluate = (more: { data?: string; predictions?: string; out?: string; metrics?: string }) =>
  evaluate({ data: 'all.jsonl', predictions: 'read.tsv', out: 'reports', ...more }, call);
const doTrain = (more: Partial<TrainInput>) =>
  train({ train: 'all.jsonl', val: 'all.jsonl', out: 'model', backend: 'cpu', resume: true, ...more }, call);

interface Case {
  title: string;
  prepare?: () => void;
  act: () => Promise<unknown>;
  /** What the message must name. */
  says: RegExp;
}

async function refused(code: string, { prepare, act, says }: Case): Promise<void> {
  prepare?.();
  const before = fileListing(call.cwd);
  await expect(act()).rejects.toMatchObject({
    code,
    exitCode: 2,
    message: expect.stringMatching(says) as string,
    hint: expect.stringMatching(/./) as string,
  });
  expect(fileListing(call.cwd)).toEqual(before);
}

const READ: Case[] = [
  {
    title: 'convert over its labels',
    act: () => doConvert('labels.json', 'labels.json'),
    says: /--out .*labels\.json/,
  },
  {
    title: 'convert over its manifest',
    act: () => doConvert('all.jsonl', './s/../all.jsonl'),
    says: /all\.jsonl/,
  },
  {
    title: 'convert over its source through a link',
    prepare: () => {
      symlinkSync('labels.json', join(call.cwd, 'link.jsonl'));
    },
    act: () => doConvert('labels.json', 'link.jsonl'),
    says: /link\.jsonl/,
  },
  {
    title: 'convert of a link over what it leads to',
    prepare: () => {
      symlinkSync('all.jsonl', join(call.cwd, 'link.jsonl'));
    },
    act: () => doConvert('link.jsonl', 'all.jsonl'),
    says: /all\.jsonl/,
  },
  {
    title: 'convert through a linked folder',
    prepare: () => {
      symlinkSync('.', join(call.cwd, 'here'));
    },
    act: () => doConvert('all.jsonl', 'here/all.jsonl'),
    says: /here\/all\.jsonl/,
  },
  {
    title: 'split of one of its parts',
    act: () => doSplit('s/train.jsonl', 's'),
    says: /--out .*s\/train\.jsonl/,
  },
  {
    title: 'metrics over the data',
    act: () => doEvaluate({ metrics: 'all.jsonl' }),
    says: /--metrics .*all\.jsonl/,
  },
  {
    title: 'metrics over the predictions',
    act: () => doEvaluate({ metrics: 'read.tsv' }),
    says: /--metrics .*read\.tsv/,
  },
  {
    title: 'tables over the predictions',
    prepare: () => {
      write('reports/predictions.tsv', read('read.tsv').replaceAll('images/', '../images/'));
    },
    act: () => doEvaluate({ predictions: 'reports/predictions.tsv' }),
    says: /reports\/predictions\.tsv/,
  },
  {
    title: 'the history over the training part',
    act: () => doTrain({ history: 'all.jsonl' }),
    says: /--history/,
  },
  {
    title: 'the metrics over the parameters',
    prepare: () => {
      write('params.yaml', METRICS);
    },
    act: () => doTrain({ metrics: 'params.yaml' }),
    says: /--metrics .*params\.yaml/,
  },
];

const FOREIGN: Case[] = [
  {
    title: 'a manifest over an image',
    act: () => doConvert('all.jsonl', 'images/000001.png'),
    says: /000001\.png/,
  },
  {
    title: 'a manifest over an image of a folder',
    act: () => doConvert('images', 'images/000001.png'),
    says: /manifest/,
  },
  {
    title: 'a manifest over the label found in a folder',
    prepare: () => {
      write('D/labels.json', read('labels.json'));
    },
    act: () => doConvert('D', 'D/labels.json'),
    says: /D\/labels\.json/,
  },
  {
    title: 'a part over notes',
    prepare: () => {
      write('parts/val.jsonl', '{"mine": true}\n');
    },
    act: () => doSplit('all.jsonl', 'parts'),
    says: /parts\/val\.jsonl/,
  },
  {
    title: 'figures over labels',
    act: () => doEvaluate({ metrics: 'labels.json' }),
    says: /labels\.json.*figures/,
  },
  {
    title: 'a table over notes',
    prepare: () => {
      write('reports/errors.tsv', 'my notes\n');
    },
    act: () => doEvaluate({}),
    says: /reports\/errors\.tsv/,
  },
  { title: 'a curve over labels', act: () => doTrain({ history: 'labels.json' }), says: /labels\.json/ },
  {
    title: "a curve over another program's log",
    prepare: () => {
      write('log.jsonl', '{"step":1,"loss":0.5,"tool":"another"}\n');
    },
    act: () => doTrain({ history: 'log.jsonl' }),
    says: /log\.jsonl.*curve/,
  },
  {
    title: 'a curve over one with a line of somebody else in it',
    prepare: () => {
      write('log.jsonl', `${CURVE}{"step":2,"remark":"mine"}\n`);
    },
    act: () => doTrain({ history: 'log.jsonl' }),
    says: /log\.jsonl.*curve/,
  },
  {
    title: 'a model over notes',
    prepare: () => {
      write('model/ocrpipe.json', '{"mine": true}');
    },
    act: () => doTrain({}),
    says: /model\/ocrpipe\.json/,
  },
];

const UNUSABLE: Case[] = [
  { title: 'an empty manifest name', act: () => doConvert('all.jsonl', ''), says: /--out/ },
  { title: 'a folder for a manifest', act: () => doConvert('all.jsonl', 'images'), says: /images.* folder/ },
  {
    title: 'a name that ends like a folder',
    act: () => doConvert('all.jsonl', 'new/'),
    says: /new\/.* folder/,
  },
  { title: 'a file for the parts', act: () => doSplit('all.jsonl', 'read.tsv'), says: /read\.tsv/ },
  { title: 'an empty folder name for parts', act: () => doSplit('all.jsonl', ''), says: /--out/ },
  { title: 'an empty folder name for tables', act: () => doEvaluate({ out: '' }), says: /--out/ },
  { title: 'an empty name for figures', act: () => doEvaluate({ metrics: '' }), says: /--metrics/ },
  { title: 'an empty model folder', act: () => doTrain({ out: '' }), says: /--out/ },
  { title: 'a file for the model', act: () => doTrain({ out: 'read.tsv' }), says: /--out.*read\.tsv/ },
  { title: 'a model below a file', act: () => doTrain({ out: 'read.tsv/model' }), says: /read\.tsv/ },
  { title: 'a folder for the figures', act: () => doTrain({ metrics: 'images' }), says: /--metrics.*images/ },
  {
    title: 'figures below a file',
    act: () => doTrain({ metrics: 'read.tsv/x.json' }),
    says: /--metrics.*read\.tsv/,
  },
  { title: 'an empty curve', act: () => doTrain({ history: '' }), says: /--history/ },
  { title: 'a name that is too long', act: () => doTrain({ metrics: 'x'.repeat(300) }), says: /--metrics/ },
  {
    title: 'a link to nothing',
    prepare: () => {
      symlinkSync('nothing', join(call.cwd, 'link'));
    },
    act: () => doTrain({ out: 'link' }),
    says: /link/,
  },
  {
    title: 'a synth folder without a name',
    act: () => synth({ out: '', count: 1, seed: 1, length: '2', fonts: [], style }, call),
    says: /--out/,
  },
];

const ON_LINUX: Case[] = [
  {
    title: 'a folder that nobody can write',
    act: () => doTrain({ metrics: '/proc/x/train.json' }),
    says: /\/proc/,
  },
  { title: 'a device', act: () => doTrain({ metrics: '/dev/null' }), says: /\/dev\/null/ },
];

describe('an output', () => {
  it.each(READ)('is refused where it would overwrite what is read: $title', (one) =>
    refused('output-is-input', one),
  );
  it.each(FOREIGN)('is refused where it would overwrite another file: $title', (one) =>
    refused('output-foreign', one),
  );
  it.each(UNUSABLE)('is refused before any work if it cannot be written: $title', (one) =>
    refused('output-unusable', one),
  );

  it.runIf(process.platform === 'linux').each(ON_LINUX)('is refused if it cannot be written: $title', (one) =>
    refused('output-unusable', one),
  );

  it('is refused among other things, and in a model that is read', async () => {
    await refused('output-foreign', {
      title: 'a model among photos',
      act: () => doTrain({ out: 'images' }),
      says: /--out .*images, which holds other things/,
    });
    const reading = { data: 'all.jsonl', model: ['plate'], backend: 'cpu' as const };
    for (const out of ['plate', 'plate/reports']) {
      await refused('output-is-input', {
        title: 'reports in the model',
        prepare: () => {
          mkdirSync(join(call.cwd, 'plate'), { recursive: true });
        },
        act: () => evaluate({ ...reading, out }, call),
        says: /plate, which this command reads/,
      });
    }
  });

  it('is refused if two flags name the same file', async () => {
    await refused('output-named-twice', {
      title: '',
      act: () => doTrain({ metrics: 'x.json', history: 'images/../x.json' }),
      says: /--metrics.*--history|--history.*--metrics/,
    });
    await refused('output-named-twice', {
      title: '',
      act: () => doEvaluate({ metrics: 'reports/errors.tsv' }),
      says: /errors\.tsv/,
    });
  });

  it('is refused by synth if the words lie in the folder that it would replace', async () => {
    const drawing = { out: 'lines', count: 2, seed: 1, length: '2', fonts: [], style };
    await synth(drawing, call);
    await refused('output-is-input', {
      title: '',
      act: () => synth({ ...drawing, words: 'lines/labels.json' }, call),
      says: /lines\/labels\.json/,
    });
  });

  it('replaces what the same command wrote before, an empty file, and nothing that only shares its bytes', async () => {
    write('empty.jsonl', '');
    await doConvert('labels.json', 'empty.jsonl');
    await doConvert('labels.json', 'empty.jsonl');
    linkSync(join(call.cwd, 'all.jsonl'), join(call.cwd, 'same-bytes.jsonl'));
    const original = read('all.jsonl');
    await doConvert('all.jsonl', 'same-bytes.jsonl');
    expect(read('all.jsonl')).toBe(original);
    await doSplit('all.jsonl', 'parts');
    await doSplit('all.jsonl', 'parts');
    await doEvaluate({ metrics: 'reports/test.json' });
    await doEvaluate({ metrics: 'reports/test.json' });
    expect(existsSync(join(call.cwd, 'reports/test.json'))).toBe(true);
  });

  it('of a training replaces those of an earlier one, and of an evaluation', async () => {
    write('params.yaml', 'model: {height: 16, filters: [2, 2], innerDim: 8, units: 8}\n');
    const outputs = { metrics: 'reports/x.json', history: 'reports/curve.jsonl', maxSteps: 1 };
    await doTrain(outputs);
    write('reports/curve.jsonl', `${CURVE}{"step":2,"epo`); // what a full disk leaves
    await doTrain(outputs);
    await doEvaluate({ metrics: 'reports/x.json' });
    await doTrain(outputs);
    expect(JSON.parse(read('reports/x.json'))).toMatchObject({ steps: 1 });
  });
});
