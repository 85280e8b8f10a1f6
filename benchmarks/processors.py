"""Two processors that do not fall asleep, for figures that are made of waits of a few microseconds.

A processor that has nothing to do halts, and waking it takes longer than anything measured here: without this, one
and the same bare echo answers in 20 or in 90 microseconds, as its processes and the kernel's own worker happen to fall
on the processors. So everything runs on two processors, and a process of the idle class, which gives way to any other
at once, keeps each of them awake. The baseline and the simulator run under the same conditions.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

PROCESSORS: Final = 2

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
    """Confine this process and what it starts to two processors, and keep them awake."""
    allowed = os.sched_getaffinity(0)
    chosen = sorted(allowed)[:PROCESSORS]
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, allowed)
        os.sched_setaffinity(0, chosen)
        for processor in chosen:
            spin = _SPIN.format(processor=processor, parent=os.getpid())
            process = stack.enter_context(subprocess.Popen([sys.executable, "-S", "-c", spin]))
            stack.callback(process.kill)
        yield
