import { modelAgrees } from './model.js';

modelAgrees(1000, 60);
