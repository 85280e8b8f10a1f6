"""The baseline of the flash: 32 bytes at a time written into a file, with nothing else done.

`python -m benchmarks.bare_pwrite FILE COUNT` prints writes per second.
"""

import os
import sys
import time
from pathlib import Path

ENTRY = 32
AREA = 4096


def main() -> None:
    """Write, and print the rate."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    path.write_bytes(bytes(AREA))
    descriptor = os.open(path, os.O_RDWR)
    data = os.urandom(ENTRY)
    begin = time.perf_counter()
    for number in range(count):
        os.pwrite(descriptor, data, number * ENTRY % AREA)
    print(count / (time.perf_counter() - begin))


main()
