import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

/** Runs the binary and returns the address of every module that it loaded. */
async function modulesOf(workspace: TestWorkspace, ...args: string[]): Promise<string[]> {
  const folder = temporaryFolder();
  const list = join(folder, 'modules.txt');
  const hooks = `import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n');
      return next(url, context);
    }`;
  const program = join(folder, 'list-modules.mjs');
  writeFileSync(
    program,
    // The modules of the build are loaded as scripts, with code that was compiled before.
    `import { appendFileSync } from 'node:fs';
    import { register } from 'node:module';
    import { pathToFileURL } from 'node:url';
    import vm from 'node:vm';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
    const { Script } = vm;
    vm.Script = class extends Script {
      constructor(code, options) {
        super(code, options);
        appendFileSync(${JSON.stringify(list)}, pathToFileURL(options.filename).href + '\\n');
      }
    };`,
  );
  const run = { cwd: workspace.root, env: workspace.env };
  const command = ['--import', program, OCRPIPE_SCRIPT, ...args];
  expect(await runProcess(process.execPath, command, run)).toMatchObject({ exitCode: 0 });
  return readFileSync(list, 'utf8').trim().split('\n');
}

/** The modules of the sources that went into these files of the build: the bundler heads each with its name in a comment. */
function sourcesIn(modules: readonly string[]): string[] {
  const built = modules.filter((url) => url.includes('/dist/'));
  return built.flatMap((url) => {
    const text = readFileSync(fileURLToPath(url), 'utf8');
    return [...text.matchAll(/^\/\/ (?:#region )?(src\/\S+)$/gm)].map(([, name = '']) => name);
  });
}

const HEAVY_PACKAGES = /\/node_modules\/(@tensorflow|@aws-sdk|@smithy|sharp)\//;
const HEAVY_SOURCES = /^src\/(ocr|remote\/(push|fetch|catalog|backends\/s3))\//;

describe('starting', () => {
  it('loads next to nothing for --version', async () => {
    const modules = await modulesOf(await newWorkspace(), '--version');
    expect(modules.length).toBeLessThan(10);
  });

  it('loads nothing of training and of remotes for status', async () => {
    const workspace = await newWorkspace();
    workspace.write('data/a.txt', 'a');
    workspace.write('pipeline.yaml', 'stages:\n  a: {run: echo, deps: [data], outs: [x]}\n');
    await workspace.ocrpipe('add', 'data');
    const modules = await modulesOf(workspace, 'status');
    const sources = sourcesIn(modules);
    expect(sources).toContain('src/actions/status.ts');
    expect(sources.filter((each) => HEAVY_SOURCES.test(each))).toEqual([]);
    expect(modules.filter((each) => HEAVY_PACKAGES.test(each))).toEqual([]);
  });
});
