"""What the AT machine wants done, as small values; the engine does it, in order."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from espat.core.at.data_entry import DataEntry
from espat.core.at.grammar import Form
from espat.core.at.registry import Entry
from espat.core.restart import Restart
from espat.core.trace import Kind


class Write(NamedTuple):
    """Write a message. `filtered`: whether the message filter applies. `private`: whether no log may show it."""

    message: bytes
    kind: Kind
    filtered: bool = True
    private: bool = False


class Record(NamedTuple):
    """Note in the trace what came in."""

    kind: Kind
    data: bytes


class Complain(NamedTuple):
    """Write a line into the log of the firmware."""

    tag: str
    text: str


class Run(NamedTuple):
    """Run a command; `part`, then `finish` or `fail`, have its answer."""

    entry: Entry
    arguments: list[Any]


class EndData(NamedTuple):
    """The entry has ended: the running command goes on."""

    entry: DataEntry


class Call(NamedTuple):
    """Call what a handler has left for the moment behind its answer."""

    function: Callable[[], None]


class Again(NamedTuple):
    """Feed a chunk that came in, at `at`, behind the data of a command: it is input now."""

    chunk: bytes
    at: float


class Panic(NamedTuple):
    """Tell that a command has failed in the simulator itself."""

    name: str
    error: Exception


class Unknown(NamedTuple):
    """Tell that there is no such command, or no such form of it."""

    name: str
    form: Form


Action = Write | Record | Complain | Run | EndData | Call | Again | Panic | Unknown | Restart
"""`Restart`: end this boot."""
Actions = Sequence[Action]
NO_ACTIONS: Final[Actions] = ()
