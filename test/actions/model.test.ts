import { modelAgrees } from './model.js';

modelAgrees(10, 20, 1);
