import { runs } from '../../rig/drawn.js';
import { modelCheck } from './model-check.js';

modelCheck(runs(25));
