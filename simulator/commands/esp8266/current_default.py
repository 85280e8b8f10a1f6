"""Settings with three names (ESP8266 AT Instruction Set 0.30, 4.1).

`AT+X_CUR` is what is in force, `AT+X_DEF` what is stored; `AT+X` is their predecessor. Setting `AT+X_DEF` or `AT+X`
changes both, setting `AT+X_CUR` leaves flash alone.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, TypeVar

from espat.core.at.answers import Answer, Line
from espat.core.at.grammar import Form
from espat.core.at.registry import Choice, CommandTable, Handler
from espat.module import Module
from espat.persist.settings import Settings, stored

Room = TypeVar("Room")
View = Callable[[Any], Any]
"""Makes of a room what a query shows: the room itself, or as flash has it."""
Query = Callable[[Module, bytes, View], Answer]
"""Called with the module, the name behind `AT`, and the view."""


def in_force(room: Room) -> Room:
    """A room as it is."""
    return room


VIEWS: Final[dict[str, View]] = {"": in_force, "_CUR": in_force, "_DEF": stored}
"""Each suffix, and what its query shows. That the name without a suffix shows what is in force is how the manual words
it for AT+CWMODE."""
SUFFIXES: Final = tuple(VIEWS)
VOLATILE: Final = "_CUR"


def three(name: str) -> tuple[str, ...]:
    """The three names of a command."""
    return tuple(name + suffix for suffix in SUFFIXES)


class CurrentDefaultTable(CommandTable):
    """A table whose commands have three names each."""

    def test(self, name: str, values: bytes) -> None:
        """The test form of a command: its values in words."""
        for own in three(name):
            self.command(own, Form.TEST)(_told(b"%b:%b" % (_shown(own), values)))

    def query(self, name: str, suffixes: Sequence[str] = SUFFIXES) -> Callable[[Query], Query]:
        """Make the decorated function the query of a command, under its names with `suffixes`."""

        def enter(query: Query) -> Query:
            for suffix in suffixes:
                own = name + suffix
                self.command(own, Form.QUERY)(_asked(query, _shown(own), VIEWS[suffix]))
            return query

        return enter

    def set(
        self, name: str, suffixes: Sequence[str] = SUFFIXES, *, when: Choice | None = None
    ) -> Callable[[Handler], Handler]:
        """Make the decorated function the handler that sets a command's values, under its names with `suffixes`."""

        def enter(handler: Handler) -> Handler:
            for suffix in suffixes:
                own = self.command(name + suffix, Form.SET, when=when)
                own(_volatile(handler) if suffix == VOLATILE else handler)
            return handler

        return enter


def _shown(name: str) -> bytes:
    """The name of a command as answers begin."""
    return name.removeprefix("AT").encode()


def _told(text: bytes) -> Callable[[Module], Line]:
    def tell(module: Module) -> Line:
        return Line(text)

    return tell


def _asked(query: Query, name: bytes, view: View) -> Callable[[Module], Answer]:
    def ask(module: Module) -> Answer:
        return query(module, name, view)

    return ask


def _volatile(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same handler, but what it sets does not reach flash."""
    if iscoroutinefunction(handler):

        @wraps(handler)
        async def run(module: Module, *arguments: Any) -> Any:
            with module[Settings].volatile():
                return await handler(module, *arguments)
    else:

        @wraps(handler)
        def run(module: Module, *arguments: Any) -> Any:
            with module[Settings].volatile():
                return handler(module, *arguments)

    return run
