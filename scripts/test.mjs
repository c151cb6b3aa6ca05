// `npm test`: installs what is missing, builds, runs the tests that need nothing but Node, npm and git, says what it left
// out, and ends with 'N passed, N failed, N skipped' alone on a line.
//
//   --s3 --slurm --native --webgpu --readers --quickstart --slow --long   run these sets too (files named *.s3.test.ts and so on)
//   --fresh-seed           draw random cases that no run had, ten times as many, and say their seed
//   --strict-data          fail if the shared data is there and a test of it was skipped
//   anything else          handed on to vitest (a part of a path, -t TITLE)
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, ensureInstalled, readJson, root, tryToRun } from './setup.mjs';

/** The sets that `npm test` leaves out, by the ending of their files' names. */
const SETS = {
  s3: {
    what: 'tests on a real S3 server',
    how: 'npm test -- --s3 (installs the server below .cache/ first; needs python3)',
    environment: { OCRPIPE_TEST_S3: '1' },
  },
  native: {
    what: 'tests on native TensorFlow',
    how: 'scripts/native-tensorflow.sh (needs python3 and g++), then npm test -- --native',
    environment: {
      OCRPIPE_TENSORFLOW_DIR: process.env.OCRPIPE_TENSORFLOW_DIR ?? join(root, '.cache', 'native-tensorflow'),
    },
  },
  webgpu: {
    what: 'tests on WebGPU',
    how: 'scripts/webgpu.sh, then npm test -- --webgpu; on a GPU, or on software that implements Vulkan',
    environment: {
      OCRPIPE_WEBGPU_DIR: process.env.OCRPIPE_WEBGPU_DIR ?? join(root, '.cache', 'webgpu'),
      OCRPIPE_WEBGPU_SOFTWARE: '1',
      ...swiftShader(),
    },
  },
  readers: {
    what: 'tests with onnxruntime, TensorBoard and Chromium',
    how: 'scripts/python-readers.sh (needs python3), then npm test -- --readers; the page is read where Chromium is installed',
    environment: {},
  },
  slurm: {
    what: 'tests on a real Slurm',
    how: 'npm test -- --slurm (root installs it with apt-get first)',
    environment: {},
  },
  quickstart: {
    what: 'the quick start in a clone of its own (3 minutes)',
    how: 'npm test -- --quickstart',
    environment: {},
  },
  slow: { what: 'tests that take many seconds each', how: 'npm test -- --slow', environment: {} },
  long: { what: 'long tests (minutes each)', how: 'npm run test:long', environment: {} },
};

const own = new Set([...Object.keys(SETS).map((name) => `--${name}`), '--strict-data', '--fresh-seed']);
const asked = process.argv.slice(2);
const options = new Set(asked.filter((word) => own.has(word)));
const forVitest = asked.filter((word) => !own.has(word));
const freshCases = options.has('--fresh-seed') ? newCases() : {};
const environment = Object.entries(SETS)
  .filter(([name]) => options.has(`--${name}`))
  .map(([, set]) => set.environment);
const leftOut = Object.keys(SETS).filter((name) => !options.has(`--${name}`));
const reportFile = join(root, '.cache', 'test-report.json');
const unhandledFile = join(root, '.cache', 'unhandled-errors.json');

ensureInstalled();
await build();
sayCases();
mkdirSync(join(root, '.cache'), { recursive: true });
for (const file of [reportFile, unhandledFile]) rmSync(file, { force: true });
const vitest = [
  join(root, 'node_modules', 'vitest', 'vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=json',
  `--reporter=${join(root, 'scripts', 'unhandled-errors.mjs')}`,
  `--outputFile.json=${reportFile}`,
  ...forVitest,
];
const exitCode = tryToRun(process.execPath, vitest, {
  env: Object.assign(
    {},
    process.env,
    { OCRPIPE_TEST_LEFT_OUT: leftOut.join(), OCRPIPE_UNHANDLED_ERRORS: unhandledFile },
    freshCases,
    ...environment,
  ),
});

const report = existsSync(reportFile) ? readJson(reportFile) : { testResults: [] };
const counts = count(report, exitCode);
const refused = options.has('--strict-data') ? skippedDespiteData(report) : [];
listSkipped(report);
sayCases();
listLeftOut();
for (const test of refused) console.log(`the shared data is there, and yet this test was skipped: ${test}`);
listFailed(report);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(exitCode !== 0 || counts.failed > 0 || refused.length > 0 ? 1 : 0);

/** Vulkan on the CPU, where the package chromium has it and nothing else is named. */
function swiftShader() {
  const file = '/usr/lib/chromium/vk_swiftshader_icd.json';
  return process.env.VK_ICD_FILENAMES === undefined && existsSync(file) ? { VK_ICD_FILENAMES: file } : {};
}

/** Which random cases are tried, and how many times the usual number, unless the environment says it already. */
function newCases() {
  const { OCRPIPE_TEST_SEED: seed = String(randomInt(1, 2 ** 31)), OCRPIPE_TEST_RUNS: runs = '10' } =
    process.env;
  return { OCRPIPE_TEST_SEED: seed, OCRPIPE_TEST_RUNS: runs };
}

function sayCases() {
  const { OCRPIPE_TEST_SEED: seed, OCRPIPE_TEST_RUNS: runs } = freshCases;
  if (seed !== undefined)
    console.log(`random cases: OCRPIPE_TEST_SEED=${seed} OCRPIPE_TEST_RUNS=${runs} tries them again`);
}

/** A file that could not be loaded, or a failure outside any test, counts as one failed test. */
function count({ testResults }, code) {
  const all = testResults.flatMap((file) => file.assertionResults);
  const passed = all.filter(({ status }) => status === 'passed').length;
  const inTests = all.filter(({ status }) => status === 'failed').length;
  const outside = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const failed = inTests + outside;
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: all.length - passed - inTests };
}

function skippedTests({ testResults }) {
  return testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => ({ file: file.name, fullName })),
  );
}

function skippedDespiteData(result) {
  if (!existsSync(join(root, '..', 'shared', 'data'))) return [];
  return skippedTests(result)
    .filter(({ file }) => /shared-data|shared\/data/.test(readFileSync(file, 'utf8')))
    .map(({ file, fullName }) => `${relative(root, file)}: ${fullName}`);
}

function listSkipped(result) {
  for (const { file, fullName } of skippedTests(result))
    console.log(`skipped: ${relative(root, file)}: ${fullName}`);
}

/** Once more and last: who sees only the end of a long output can tell what failed and how. */
function listFailed({ testResults }) {
  for (const { name, status, message, assertionResults } of testResults) {
    const failures = assertionResults.filter((test) => test.status === 'failed');
    const file = relative(root, name);
    for (const { fullName, failureMessages } of failures)
      console.log(`failed: ${file}: ${fullName}\n${beginning(failureMessages.join('\n'))}`);
    if (status === 'failed' && failures.length === 0)
      console.log(`failed: ${file}\n${beginning(message ?? '')}`);
  }
  for (const text of existsSync(unhandledFile) ? readJson(unhandledFile) : [])
    console.log(`failed: outside of any test\n${beginning(text)}`);
}

function beginning(message) {
  return message
    .split('\n')
    .slice(0, 20)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n');
}

function listLeftOut() {
  const files = readdirSync(join(root, 'test'), { recursive: true }).map(String);
  for (const name of leftOut) {
    const amount = files.filter((file) => file.endsWith(`.${name}.test.ts`)).length;
    if (amount > 0)
      console.log(`left out: ${SETS[name].what} (${amount} files); to run them: ${SETS[name].how}`);
  }
}
