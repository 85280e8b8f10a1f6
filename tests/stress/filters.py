"""Message filters of any bytes: each is refused, or compiled and matched in bounded time and memory.

`python -m tests.stress.filters 1 1000` plays the seeds 1 to 1000, a hundred filters each, and tells of those that find
something.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

from espat.commands.message_filter import LENGTH_LIMIT
from espat.core.at.basic_expression import ExpressionError
from espat.core.at.message_filter import SystemMessageFilter
from tests.stress.files import bounded

FILTERS: Final = 100
PIECES: Final = (
    *(b"a", b"b", b".", b"*", b"^", b"$", b"[ab]", b"[^a]", b"[]a]", b"[[:alpha:]]", b"[", b"]", b"\\", b"\xff"),
    *(
        rb"\(",
        rb"\)",
        rb"\(",
        rb"\)",
        rb"\{0,9\}",
        rb"\{1,\}",
        rb"\{255\}",
        rb"\{2\}",
        rb"\{0\}",
        rb"\1",
        rb".*",
        rb"a*",
    ),
)
MESSAGES: Final = (b"", b"a" * 20_000, b"ab" * 5000, b"\r\nOK\r\n", bytes(range(256)) * 30)


def expression(random: Random) -> bytes:
    """Some expression, mostly one with groups that fit."""
    text = b"".join(random.choices(PIECES, k=random.choice((1, 5, 20, 40))))
    if random.random() < 0.7:
        text += b"\\)" * max(0, text.count(b"\\(") - text.count(b"\\)"))
    return text[:LENGTH_LIMIT]


def filter_messages(seed: int) -> int:
    """Add filters by that seed, and have messages pass them; returns how many were taken. Raises AssertionError."""
    random = Random(seed)
    filters = SystemMessageFilter()
    taken = 0
    with bounded(f"filters of seed {seed}"):
        for _ in range(FILTERS):
            with suppress(ExpressionError):
                filters.add(expression(random), random.choice((b"", expression(random))))
                taken += 1
            if random.random() < 0.1:
                filters.clear()
        for message in MESSAGES:
            assert len(filters.apply(message)) <= len(message)
    return taken


def play(first: int, last: int, say: Callable[[str], None] = print) -> int:
    """Play the seeds; returns how many have found something."""
    found = taken = 0
    for seed in range(first, last + 1):
        try:
            taken += filter_messages(seed)
        except Exception as error:
            found += 1
            say(f"seed {seed}: {error!r}")
    say(f"{last - first + 1} seeds, {FILTERS} filters each, {taken} of them taken: {found} found something")
    return found


if __name__ == "__main__":
    sys.exit(1 if play(int(sys.argv[1]), int(sys.argv[2])) else 0)
