import fc, { type Plugin } from 'fast-check';
import { howToReplay, runs, SEED } from './drawn.js';

// Tests import fast-check from here, so that what they judge is the same in each run and a failure says how to see it again.
const settings = { seed: SEED, numRuns: runs(100), plugins: [saysHowToReplay] };
fc.configureGlobal(settings);

export { runs, RUNS } from './drawn.js';
export default fc;

function saysHowToReplay(): ReturnType<Plugin<unknown>> {
  return {
    onAllRunsComplete: (details) => {
      if (!details.failed) return;
      throw new Error(`${fc.defaultReportMessage(details)}\n\n${howToReplay()}\n`, {
        cause: details.errorInstance,
      });
    },
  };
}
