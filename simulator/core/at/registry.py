"""The commands of a firmware: name and form to handler. And what it does besides: what it prints of what happens, and
what it does after a start."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from espat.core.at.arguments import Signature
from espat.core.at.errors import UNKNOWN_COMMAND, CommandError
from espat.core.at.grammar import Command, Form, Parameter
from espat.core.events import Event

P = ParamSpec("P")
Handler = TypeVar("Handler", bound=Callable[..., Any])
Choice = Callable[[Any, tuple[Parameter, ...]], bool]
"""Picks a signature: called with the module and the parameters as they were typed. May raise CommandError."""


ANY_COMMAND: Final = "command"
"""The figure of the timing that an ordinary command takes by itself."""


class Entry:
    """One handler of one form of a command. `takes`: the figure of the timing that it takes by itself."""

    def __init__(
        self,
        name: str,
        form: Form,
        handler: Callable[..., Any],
        *,
        when: Choice | None,
        reports_codes: bool,
        takes: str = ANY_COMMAND,
    ) -> None:
        self.takes = takes
        self.name = name
        self.form = form
        self.handler = handler
        self.when = when
        self.is_async = inspect.iscoroutinefunction(handler)
        self._reports_codes = reports_codes
        self._signature: Signature | None = None

    @property
    def signature(self) -> Signature:
        """Compiled at first use, so that a module starts without reading every signature."""
        if self._signature is None:
            self._signature = Signature(self.handler, reports_codes=self._reports_codes)
        return self._signature


class CommandTable:
    """The handlers of one chapter, its reports, and what it does after a start.

        table = CommandTable()

        @table.command("AT+CWMODE", Form.QUERY)
        def wifi_mode(module: Module) -> Line: ...

    A form whose arguments depend on the state of the module or on an argument has several handlers, each with a
    `when`; the first that says yes is taken.

        @table.report(STATION_ASSOCIATED)
        def connected(module: Module, point: AccessPoint) -> None: ...
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.formats: list[tuple[str, str]] = []
        self.reports: dict[Event[Any], Callable[..., None]] = {}
        self.starts: list[Callable[[Any], None]] = []
        self.known_secrets: list[Callable[[Any], Iterable[bytes]]] = []

    def command(
        self,
        name: str,
        form: Form,
        *,
        when: Choice | None = None,
        reports_codes: bool = True,
        takes: str = ANY_COMMAND,
    ) -> Callable[[Handler], Handler]:
        """Make the decorated function the handler of a form of a command. `takes`: the figure of the timing that it
        takes by itself.

        A plain function answers at once; an async one may wait, and the module is busy meanwhile.
        """

        def enter(handler: Handler) -> Handler:
            self.entries.append(Entry(name, form, handler, when=when, reports_codes=reports_codes, takes=takes))
            return handler

        return enter

    def report(
        self, event: Event[P]
    ) -> Callable[[Callable[Concatenate[Any, P], None]], Callable[Concatenate[Any, P], None]]:
        """Have the decorated function print what there is to say of an event."""

        def enter(function: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
            self.reports[event] = function
            return function

        return enter

    def start(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        """Have the decorated function called with the module after every start, as soon as it is ready."""
        self.starts.append(function)
        return function

    def secrets(self, function: Callable[[Any], Iterable[bytes]]) -> Callable[[Any], Iterable[bytes]]:
        """Have the decorated function asked, with the module, for what no log shows though nobody has typed it."""
        self.known_secrets.append(function)
        return function

    def only(self, *wanted: "str | tuple[str, Form] | Event[Any]") -> "CommandTable":
        """A table of some of these handlers and reports: all forms of a command, or one; the report of an event. Raises
        KeyError for what is not here."""
        selected = CommandTable()
        for each in wanted:
            if isinstance(each, Event):
                selected.reports[each] = self.reports[each]
            else:
                selected.entries += self._found(each)
        return selected

    def _found(self, wanted: str | tuple[str, Form]) -> list[Entry]:
        name, form = (wanted, None) if isinstance(wanted, str) else wanted
        found = [entry for entry in self.entries if entry.name == name and form in (None, entry.form)]
        if not found:
            raise KeyError(wanted)
        return found

    def wire(self, name: str, form: str) -> Callable[[Handler], Handler]:
        """Note that the decorated function implements a catalogue entry that is no command: `+IPD`, `+++`."""

        def enter(function: Handler) -> Handler:
            self.formats.append((name, form))
            return function

        return enter


class Registry:
    """All commands of one build of one firmware."""

    def __init__(self, tables: Iterable[CommandTable], built_in: Callable[[str], bool] = lambda name: True) -> None:
        """The first table that has a form of a command, or the report of an event, is the one that counts. `built_in`:
        whether a command belongs to the build; one that does not is unknown."""
        self.reports: dict[Event[Any], Callable[..., None]] = {}
        self.starts: list[Callable[[Any], None]] = []
        self.secrets: list[Callable[[Any], Iterable[bytes]]] = []
        self.takes = {ANY_COMMAND}
        """The figures of the timing that commands take by themselves."""
        self._entries: dict[tuple[str, Form], list[Entry]] = {}
        for table in tables:
            own: dict[tuple[str, Form], list[Entry]] = {}
            for entry in table.entries:
                if built_in(entry.name):
                    self.takes.add(entry.takes)
                    own.setdefault((entry.name, entry.form), []).append(entry)
            for key, entries in own.items():
                self._entries.setdefault(key, entries)
            self.reports = table.reports | self.reports
            self.starts += table.starts
            self.secrets += table.known_secrets

    def __iter__(self) -> Iterator[tuple[str, Form]]:
        """Name and form of every command that works."""
        return iter(self._entries)

    def __contains__(self, key: tuple[str, Form]) -> bool:
        return key in self._entries

    def find(self, context: Any, command: Command) -> Entry:
        """The handler for a command line. Raises CommandError for an unknown command or a form it lacks."""
        for entry in self._entries.get((command.name, command.form), ()):
            if entry.when is None or entry.when(context, command.parameters):
                return entry
        raise CommandError(UNKNOWN_COMMAND)
