import { runs } from '../rig/drawn.js';
import { linkedAgree } from './linked-model.js';

linkedAgree(runs(3), 15);
