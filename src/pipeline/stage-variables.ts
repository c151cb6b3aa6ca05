/** Variables of the environment that repro sets for a stage: its name, and the root of the workspace that it belongs to. */
export const STAGE_VARIABLE = 'OCRPIPE_STAGE';
export const ROOT_VARIABLE = 'OCRPIPE_ROOT';

/** Names that no stage may declare. */
export const RESERVED_VARIABLES: readonly string[] = [STAGE_VARIABLE, ROOT_VARIABLE, 'PATH'];
