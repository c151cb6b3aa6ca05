import { killedTransfers } from './killed.js';

killedTransfers(1);
