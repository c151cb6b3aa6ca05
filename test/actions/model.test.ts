import { modelAgrees } from './model.js';

modelAgrees(12, 24);
