"""Durations as scenarios write them: `10s`, `250ms`, `5min`, `2h`, `1d`, or a number of seconds."""

import re
from typing import Any, Final

UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST: Final = 366 * 86400.0
"""Seconds."""
RIGHT: Final = "a duration like 10s, 250ms, 5min, 2h or 1d"
PATTERN: Final = r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?(ms|s|min|h|d)"


def read_seconds(value: Any) -> float:
    """The seconds of a duration. Raises ValueError, whose text is what would be right."""
    if isinstance(value, str) and (parts := re.fullmatch(PATTERN, value)) is not None:
        seconds = float(parts[1]) * UNITS[parts[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise ValueError(RIGHT)
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"{RIGHT}, of at most a year")
    return seconds
