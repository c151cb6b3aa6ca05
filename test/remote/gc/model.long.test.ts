import { modelCheck } from './model-check.js';

modelCheck(2500);
