/** Variables of the environment that repro sets for a stage: its name, and the root of the workspace that it belongs to. */
export const STAGE_VARIABLE = 'OCRPIPE_STAGE';
export const ROOT_VARIABLE = 'OCRPIPE_ROOT';
