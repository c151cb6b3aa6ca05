// A process of its own for the tests of locks: node lock-child.mjs MODE LOCK [COUNTER TIMES]
import { readFileSync, writeFileSync } from 'node:fs';
import { setInterval } from 'node:timers';
import { acquireLock, withLock } from '../../.cache/modules/base/lock.js';

const [mode, path, counter, times] = process.argv.slice(2);
const options = { path, what: 'the counter', command: `lock-child ${mode}` };

if (mode === 'hold') {
  await acquireLock(options);
  process.stdout.write('held\n');
  setInterval(() => undefined, 1000);
} else {
  for (let time = 0; time < Number(times); time += 1) {
    await withLock(options, () => {
      writeFileSync(counter, String(Number(readFileSync(counter, 'utf8')) + 1));
    });
    // Dies with the lock in its hands now and then, as a killed command does.
    if (mode === 'die' && time === 1) {
      await acquireLock(options);
      process.kill(process.pid, 'SIGKILL');
    }
  }
}
