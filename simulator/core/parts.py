"""Things that are asked for by their type."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

Part = TypeVar("Part")
NO_OFFERS: Final[dict[type[Any], Callable[[], Any]]] = {}


class Parts:
    """What somebody has, each thing by its type; `around` has what is not here.

    parts.put(Clock, SteppedClock())
    parts[Clock].now()
    """

    def __init__(self, around: "Parts | None" = None) -> None:
        self._around = around
        self._parts: dict[type[Any], Any] = {}
        self._offers: dict[type[Any], Callable[[], Any]] = NO_OFFERS

    def put(self, kind: type[Part], part: Part) -> None:
        """Have this as the part of that type."""
        self._parts[kind] = part

    def offer(self, kind: type[Part], make: Callable[[], Part]) -> None:
        """Have the part of that type made when it is first asked for."""
        self._offers = {**self._offers, kind: make}

    def __getitem__(self, kind: type[Part]) -> Part:
        """The part of that type. Raises KeyError."""
        found = self.find(kind)
        if found is None:
            raise KeyError(kind.__qualname__)
        return found

    def find(self, kind: type[Part]) -> Part | None:
        """The part of that type, here or around, if there is one."""
        parts: Parts | None = self
        while parts is not None:
            part: Part | None = parts._parts.get(kind)
            if part is None and kind in parts._offers:
                part = parts._parts[kind] = parts._offers[kind]()
            if part is not None:
                return part
            parts = parts._around
        return None


def by_type(*parts: object) -> dict[type[Any], Any]:
    """Each of these by its type."""
    return {type(part): part for part in parts}
