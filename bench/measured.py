"""Runs a command and writes, as one line of JSON to the file named first, what it and all its children took.

    python3 measured.py RESULT SECONDS COMMAND ARG...

After so many seconds it is killed. `wall` and `cpu` (user + system) are in seconds; `peak` is the largest resident set of any one process, in MB.
"""

import json
import os
import signal
import sys
import time

result, seconds, *command = sys.argv[1:]
started = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
signal.alarm(int(seconds))
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - started
with open(result, "w", encoding="utf-8") as file:
    json.dump(
        {
            "status": os.waitstatus_to_exitcode(status),
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak": usage.ru_maxrss / 1024,
        },
        file,
    )
