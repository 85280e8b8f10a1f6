"""What the module stores: settings into a flash file.

`python -m benchmarks.flash_writes FILE COUNT` prints settings per second, each with another value than before.
"""

import sys
import time
from pathlib import Path

from espat.persist.storage import open_storage

KEYS = [("UART", "rate"), ("NVM_018", "interval"), ("NVM_017", "count"), ("NVM_024", "sta_inactive")]


def main() -> None:
    """Store, and print the rate."""
    settings = open_storage(Path(sys.argv[1])).settings
    count = int(sys.argv[2])
    settings.write("UART", "rate", -1)
    begin = time.perf_counter()
    for number in range(count):
        settings.write(*KEYS[number % len(KEYS)], number)
    print(count / (time.perf_counter() - begin))


main()
