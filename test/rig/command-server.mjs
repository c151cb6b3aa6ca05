// Runs command lines of the built package one after the other in this process, as `ocrpipe` would each in its own: starting
// Node and loading modules costs more than most commands do. Asked over the channel of `fork`: {args, cwd, env}; answers with
// what was written and the exit code.
import process from 'node:process';
import { setImmediate } from 'node:timers';

/** What `process.exit` throws instead: the command is over, this process is not. */
class Ended extends Error {
  constructor(code) {
    super('ended');
    this.code = code;
  }
}

const root = new URL('../../', import.meta.url);
const { main } = await import(new URL('dist/cli/main.cjs', root).href);

process.removeAllListeners('warning');
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
process.exit = (code) => {
  throw new Ended(code ?? process.exitCode ?? 0);
};
process.on('disconnect', () => process.reallyExit(0));

let turn = Promise.resolve();
process.on('message', ({ number, args, cwd, env }) => {
  turn = turn.then(async () => process.send({ number, ...(await run(args, cwd, env)) }));
});

async function run(args, cwd, env) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = undefined;
  const output = { stdout: '', stderr: '' };
  const writers = ['stdout', 'stderr'].map((name) => {
    const stream = process[name];
    const { write } = stream;
    stream.write = (chunk, encoding, done) => {
      output[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback) setImmediate(callback);
      return true;
    };
    return () => (stream.write = write);
  });
  try {
    await main(args, root);
    return { ...output, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof Ended)) output.stderr += String(error?.stack ?? error);
    return { ...output, exitCode: error instanceof Ended ? Number(error.code) : 70 };
  } finally {
    for (const restore of writers) restore();
    process.chdir('/');
  }
}
