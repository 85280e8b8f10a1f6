"""Tasks in an order of their own: trio wakes those that become ready together in random order.

Where modules act in the same instant of stepped time, that order would decide what they print. There is no public way
to choose it; this uses the hook that trio keeps for tests which have to be repeatable, and warns where a version of
trio has none. `pyproject.toml` has the versions that it is known to work with.
"""

import warnings
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import trio

_SCHEDULER: Final[Any] = getattr(getattr(trio, "_core", None), "_run", None)
_SWITCH, _DICE = "_ALLOW_DETERMINISTIC_SCHEDULING", "_r"
_LOOP: Final = "unrolled_run"
"""The function of trio that goes by these two."""


class UnrepeatableWarning(UserWarning):
    """Runs in stepped time may differ from each other, because trio cannot be told in which order to run tasks."""


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
        if missing := _missing():
            warnings.warn(
                f"trio {trio.__version__} has no {' and no '.join(missing)}: two runs in stepped time may differ",
                UnrepeatableWarning,
                stacklevel=3,
            )
        else:
            _usual.update((name, getattr(_SCHEDULER, name)) for name in (_SWITCH, _DICE))
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
            _usual.clear()


def _missing() -> list[str]:
    """What trio lacks of the hook, or has but does not use."""
    used = getattr(getattr(getattr(_SCHEDULER, _LOOP, None), "__code__", None), "co_names", ())
    return [name for name in (_SWITCH, _DICE) if name not in used or not hasattr(_SCHEDULER, name)]
