"""What happens in a module: a room announces it, and whoever has to do with it hears of it.

A room that makes something happen declares it, with the types of what there is to say about it. Others have methods
that are called then:

    STATION_ASSOCIATED: Final = Event[[AccessPoint]]("station.associated")

    class StationInterface:
        @STATION_ASSOCIATED.wakes
        def _link_up(self, point: AccessPoint) -> None: ...

`boot.announce(STATION_ASSOCIATED, point)` puts it into the trace, prints what the firmware reports of it, and calls
these methods in the order in which they were declared.
"""

from collections.abc import Callable
from typing import Any, Concatenate, Final, Generic, NamedTuple, ParamSpec, TypeVar, cast

P = ParamSpec("P")
Owner = TypeVar("Owner")
Method = Callable[Concatenate[Owner, P], None]


class Listener(NamedTuple):
    """A method of a room. `wakes`: the room is made for it; else it is called if the room is there."""

    room: type[Any]
    method: str
    wakes: bool


class Event(Generic[P]):
    """Something that happens. `name`: what the trace calls it, empty for what it does not tell."""

    def __init__(self, name: str = "", details: str = "") -> None:
        """`details`: what the trace says behind the name, as a format of what is announced: `rc:{0}`."""
        self.name = name
        self.listeners: list[Listener] = []
        self._details = details
        if name:
            EVENTS[name] = self

    def text(self, *about: Any) -> str:
        """What the trace says."""
        return f"{self.name} {self._details.format(*about)}" if self._details else self.name

    def heard(self, method: Method[Owner, P]) -> Method[Owner, P]:
        """Have the decorated method of a room called whenever this happens while there is that room."""
        return cast("Method[Owner, P]", _Heard(self, method, wakes=False))

    def wakes(self, method: Method[Owner, P]) -> Method[Owner, P]:
        """Have the decorated method of a room called whenever this happens; the room is made if it is not there."""
        return cast("Method[Owner, P]", _Heard(self, method, wakes=True))


class _Heard:
    """Stands for a method until its class is there, and enters both with the event."""

    def __init__(self, event: Event[Any], method: Callable[..., None], *, wakes: bool) -> None:
        self._event = event
        self._method = method
        self._wakes = wakes

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._event.listeners.append(Listener(owner, name, self._wakes))
        setattr(owner, name, self._method)


EVENTS: Final[dict[str, Event[Any]]] = {}
"""Those that the trace tells of a module besides what it prints, by name, as far as their rooms have been loaded."""
