import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import { LineSplitter } from '../../../src/pipeline/run/line-splitter.js';
import { SecretMask } from '../../../src/pipeline/run/secret-mask.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import fc from '../../rig/fast-check.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

function workspaceOf(stages: string): PipelineWorkspace {
  const workspace = new PipelineWorkspace();
  workspace.write('pipeline.yaml', `stages:\n${stages}`);
  return workspace;
}

async function reasonsOf(workspace: PipelineWorkspace) {
  const { stages } = await workspace.repro({ dryRun: true });
  return stages[0]!.reasons;
}

/** Every file below a folder that has one of the texts in it. */
function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => texts.some((text) => readFileSync(file).includes(text)));
}

describe('declared variables', () => {
  it('are set or passed on, and count with their values; what is not declared is passed on and does not', async () => {
    stubEnvironment({ OCR_LANG: 'C', OCR_OTHER: 'x' });
    vi.stubEnv('OCR_UNSET', undefined);
    const env = '[OCR_LANG, OCR_UNSET, {OMP_NUM_THREADS: 4, DEBUG: true}]';
    const text = (declared: string): string =>
      `  a: {run: 'echo "$OCR_LANG $OCR_UNSET $OMP_NUM_THREADS $DEBUG $OCR_OTHER" > out', env: ${declared}, outs: [out]}\n`;
    const workspace = workspaceOf(text(env));
    await workspace.repro();
    expect(workspace.read('out')).toBe('C  4 true x\n');
    expect(workspace.read('pipeline.lock')).toContain(
      '    env:\n      DEBUG: "true"\n      OCR_LANG: C\n      OCR_UNSET: null\n      OMP_NUM_THREADS: "4"\n',
    );
    stubEnvironment({ OCR_OTHER: 'y' });
    expect(await reasonsOf(workspace)).toEqual([]);
    stubEnvironment({ OCR_LANG: 'de', OCR_UNSET: 'now' });
    workspace.write('pipeline.yaml', `stages:\n${text(env.replace('4', '8').replace(', DEBUG: true', ''))}`);
    expect(await reasonsOf(workspace)).toEqual([
      { kind: 'env-changed', subject: 'DEBUG', old: 'true' },
      { kind: 'env-changed', subject: 'OCR_LANG', old: 'C', new: 'de' },
      { kind: 'env-changed', subject: 'OCR_UNSET', old: null, new: 'now' },
      { kind: 'env-changed', subject: 'OMP_NUM_THREADS', old: '4', new: '8' },
    ]);
    stubEnvironment({ OCR_LANG: 'C' });
    vi.stubEnv('OCR_UNSET', undefined);
    workspace.write('pipeline.yaml', `stages:\n${text(env)}`);
    workspace.remove('out');
    expect((await workspace.actions()).actions).toEqual({ a: 'restored' });
  });

  it('are refused where a name cannot be one, is taken or stands twice', () => {
    const message = (keys: string): string => {
      try {
        parsePipeline(`stages: {a: {run: x, ${keys}}}`);
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(message('env: [A-B]')).toContain("'A-B' cannot be the name of a variable");
    expect(message('env: {PATH: /bin}')).toContain('ocrpipe sets PATH itself');
    expect(message('env: [A], secrets: [A]')).toContain('the variable A is declared twice');
    expect(message('env: {A: [1]}')).toContain('takes names, or a map of names and values');
    expect(message('env: 4')).toContain('takes names, or a map of names and values');
  });
});

describe('secrets', () => {
  const SECRET = 's3cr3t/+"value" of two\nlong lines of a key';

  it('are given to the stage and written nowhere: no log, lock, record, event or error', async () => {
    stubEnvironment({ API_KEY: SECRET });
    const workspace = workspaceOf(`  a:
    run:
      - test -n "$API_KEY"
      - printf '%s\\n' "$API_KEY"; printf 'progress %s\\r' "$API_KEY" >&2; printf '%s' "$API_KEY" | base64 -w0
      - echo made > out
    secrets: [API_KEY]
    outs: [out]
  b: {run: 'printf "%s" "$API_KEY" >&2; exit 1'}
`);
    const result = await workspace.repro({ keepGoing: true });
    expect(result.stages.map(({ action }) => action)).toEqual(['ran', 'failed']);
    const forms = [...SECRET.split('\n'), Buffer.from(SECRET).toString('base64').slice(0, -2)];
    expect(filesWith(workspace.root, forms)).toEqual([]);
    const told = JSON.stringify([result, workspace.events]);
    expect(forms.filter((form) => told.includes(JSON.stringify(form).slice(1, -1)))).toEqual([]);
    expect(told).toContain('progress ***');
    expect(result.stages[1]!.lastLines).toEqual(['***', '***']);
    stubEnvironment({ API_KEY: 'another value' });
    expect((await workspace.repro({ dryRun: true })).stages[0]!.action).toBe('fresh');
  });

  it('that are not set stop everything before it begins, but only where a stage would run', async () => {
    vi.stubEnv('API_KEY', undefined);
    const workspace =
      workspaceOf(`  a: {run: 'echo a >> ran.log; echo > out', secrets: [API_KEY], outs: [out], deps: [in]}
  b: {run: 'echo b >> ran.log'}
`);
    workspace.write('in', '1');
    const refusal = {
      code: 'missing-secret',
      exitCode: 2,
      message: "stage 'a' needs the secret API_KEY, which is not set",
      location: { line: 2 },
    };
    await expect(workspace.repro()).rejects.toMatchObject(refusal);
    await expect(workspace.repro({ dryRun: true })).rejects.toMatchObject(refusal);
    expect((await pipelineStatus(workspace.host())).problems).toMatchObject([{ code: 'missing-secret' }]);
    expect(workspace.ran()).toEqual([]);
    stubEnvironment({ API_KEY: 'value' });
    expect((await workspace.actions()).actions).toEqual({ a: 'ran', b: 'ran' });
    vi.stubEnv('API_KEY', undefined);
    workspace.remove('out');
    expect((await workspace.actions()).actions).toEqual({ a: 'restored', b: 'fresh' });
    workspace.write('in', '2');
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'missing-secret' });
  });

  it('whose value would be written into the lock refuse the run', async () => {
    stubEnvironment({ API_KEY: 'value-1234' });
    const workspace = workspaceOf("  a: {run: 'curl -H value-1234', secrets: [API_KEY]}\n");
    const { stages } = await workspace.repro();
    expect(stages[0]).toMatchObject({ action: 'failed', error: { code: 'secret-exposed' } });
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('are taken out of a line wherever its bytes are cut, however long it is', () => {
    const pipeline = parsePipeline('stages: {a: {run: x, secrets: [K]}}');
    const noise = fc.string({ unit: fc.constantFrom('s', 'e', 'c', '\n', '\r', ' '), maxLength: 50 });
    fc.assert(
      fc.property(
        noise,
        noise,
        fc.nat(12),
        fc.integer({ min: 65_500, max: 65_560 }),
        (before, after, cut, length) => {
          const mask = SecretMask.of(pipeline, { K: 'secret-value' });
          let printed = '';
          const splitter = new LineSplitter((line) => void (printed += line), mask);
          const text = Buffer.from(`${before}${'.'.repeat(length)}secret-value${after}`);
          const at = text.indexOf('secret-value') + cut;
          splitter.push(text.subarray(0, at));
          splitter.push(text.subarray(at));
          splitter.end();
          expect(printed).toBe(
            text
              .toString()
              .replace('secret-value', '***')
              .replaceAll(/[\r\n]/g, ''),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
