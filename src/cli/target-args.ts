import * as Args from '@oclif/core/args';

/** What the commands work on that look at the pipeline. */
export const stageTargets = {
  target: Args.string({
    description: 'stages, or paths of outputs, with all that they need (default: all stages)',
  }),
};

/** What the commands work on that edit pipeline.yaml. */
export const namedStages = {
  stage: Args.string({ required: true, description: 'stages, as they are written in pipeline.yaml' }),
};

/** What the commands work on that move tracked data. */
export const dataTargets = {
  target: Args.string({
    description: 'tracked paths, parts of them, patterns of either, or stages (default: all that is tracked)',
  }),
};
