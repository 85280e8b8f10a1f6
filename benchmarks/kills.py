"""A thousand SIGKILLs while settings are stored: every one that was acknowledged has to be there.

`python -m benchmarks.kills` takes a quarter of an hour and is no part of `python -m benchmarks`.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.end_to_end.kills import Killing
from tests.end_to_end.simulator_process import SimulatorProcess

KILLS = 1000


def main() -> int:
    """Kill, and count."""
    with tempfile.TemporaryDirectory() as folder:
        killing = Killing(Random(1))
        for number in range(KILLS):
            with ExitStack() as stack:
                simulator = stack.enter_context(
                    SimulatorProcess(Path(folder), "--flash", "flash.bin", "--link", f"port{number}")
                )
                killing.run(simulator)
            print(f"\r{number + 1} killed, {killing.checked} settings found again", end="", flush=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
