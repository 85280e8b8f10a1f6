"""Two processors that do not fall asleep, for figures that are made of waits of a few microseconds.

A processor that has nothing to do halts, and waking it takes longer than anything measured here: without this, one
and the same bare echo answers in 20 or in 90 microseconds, as its processes and the kernel's own worker happen to fall
on the processors. So the program under test has one processor, its client and its peer have another, and a process of
the idle class, which gives way to any other at once, keeps each awake. The baseline and the simulator run under the
same conditions.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

_ALLOWED: Final = sorted(os.sched_getaffinity(0))
UNDER_TEST: Final = _ALLOWED[0]
OTHERS: Final = _ALLOWED[1 % len(_ALLOWED)]

_SPIN: Final = """
import os
os.sched_setaffinity(0, [{processor}])
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while os.getppid() == {parent}:
    for _ in range(100000):
        pass
"""


@contextmanager
def awake_processors() -> Iterator[None]:
    """Keep two processors awake, and confine this process and what it starts to the one of the others."""
    with ExitStack() as stack:
        for processor in {UNDER_TEST, OTHERS}:
            spin = _SPIN.format(processor=processor, parent=os.getpid())
            process = stack.enter_context(subprocess.Popen([sys.executable, "-S", "-c", spin]))
            stack.callback(process.kill)
        stack.callback(os.sched_setaffinity, 0, _ALLOWED)
        os.sched_setaffinity(0, [OTHERS])
        yield


def put_under_test(pid: int = 0) -> None:
    """Give a process, this one by default, the processor of the program under test."""
    os.sched_setaffinity(pid, [UNDER_TEST])


def busy_share(seconds: float = 0.5) -> float:
    """How busy this machine is while nothing is measured: 0 not at all, 1 all its processors all the time."""
    busy, idle = _ticks()
    time.sleep(seconds)
    busy_then, idle_then = _ticks()
    busy, idle = busy_then - busy, idle_then - idle
    return busy / max(1, busy + idle)


def _ticks() -> tuple[int, int]:
    """Of all processors since the start of the system: ticks at work, ticks at rest."""
    user, nice, system, idle, iowait, *others = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return user + nice + system + sum(others[:3]), idle + iowait
