import { linkedAgree } from './linked-model.js';

linkedAgree(700, 40);
