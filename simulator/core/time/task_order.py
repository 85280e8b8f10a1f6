"""Tasks in an order of their own: trio wakes those that become ready together in random order.

Where modules act in the same instant of stepped time, that order would decide what they print. There is no public way
to choose it; this uses the hook that trio keeps for tests which have to be repeatable, and does nothing where a version
of trio has none.
"""

from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import trio

_SCHEDULER: Final[Any] = getattr(getattr(trio, "_core", None), "_run", None)
_SWITCH, _DICE = "_ALLOW_DETERMINISTIC_SCHEDULING", "_r"


class _NoDice(Random):
    """Puts the oldest task where trio takes the next one from, which is the end."""

    def shuffle(self, x: MutableSequence[Any]) -> None:
        x.reverse()


_users: list[object] = []
_usual: dict[str, Any] = {}


@contextmanager
def oldest_task_first() -> Iterator[None]:
    """Of the tasks that are ready together, those that were started first run first, in the whole program."""
    user = object()
    if not _users:
        _usual.update((name, getattr(_SCHEDULER, name)) for name in (_SWITCH, _DICE) if hasattr(_SCHEDULER, name))
        if len(_usual) == 2:
            setattr(_SCHEDULER, _SWITCH, True)
            setattr(_SCHEDULER, _DICE, _NoDice())
    _users.append(user)
    try:
        yield
    finally:
        _users.remove(user)
        if not _users:
            for name, value in _usual.items():
                setattr(_SCHEDULER, name, value)
