import { runs } from '../rig/drawn.js';
import { modelAgrees } from './model.js';

modelAgrees(runs(10), 20);
