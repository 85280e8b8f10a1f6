"""The command catalogue of a dialect: what its manual documents and what its firmware registers.

The tables are the text files in `catalogue/`, one for each dialect. Plain lines of columns under headings:

    groups:        name, `released` or `optional`; in the order in which the firmware registers them
    registered:    group, command, forms; in the order of AT+CMD?; empty where there is no such command
    documented:    chapter, command, forms; in the order of the manual
    inherits:      dialect, and chapters if not all: whose documented commands are this one's too, unless they stand
                   in its own table or under
    without:       command, ...
    open:          chapter or command, reason; why it does not work yet

A form is `test`, `query`, `set` or `execute`, and `urc` for what the manual lists though it is no command. The manual
may describe several commands as one: `ATE  execute = ATE0 ATE1`. Sources: the manual of each firmware; for what the
ESP32 firmware registers and what is released, AT+CMD? and "ESP-AT Firmware Differences" of the ESP-AT User Guide.
"""

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from espat.core.at.grammar import Form

TABLES: Final = Path(__file__).with_suffix("")


class Registered(NamedTuple):
    """A command of the firmware."""

    name: str
    forms: frozenset[Form]
    group: str


class Documented(NamedTuple):
    """An entry of the manual. `commands`: the commands behind it, most often itself."""

    name: str
    forms: tuple[str, ...]
    chapter: str
    commands: tuple[str, ...]


class Catalogue(NamedTuple):
    """The tables of one dialect. `released`: the groups of the firmware as released. `open`: by chapter or command, why
    it does not work yet."""

    released: frozenset[str]
    registered: tuple[Registered, ...]
    documented: tuple[Documented, ...]
    open: dict[str, str]

    def known(self) -> frozenset[str]:
        """The names of all commands."""
        documented = (name for entry in self.documented for name in entry.commands)
        return frozenset(command.name for command in self.registered).union(documented)

    def forms(self, name: str) -> frozenset[Form]:
        """The forms of a command; none when there is no such command."""
        registered = (command.forms for command in self.registered if command.name == name)
        documented = (entry.forms for entry in self.documented if name in entry.commands)
        words = {form for forms in documented for form in forms}
        return frozenset(form for form in Form if form.value in words).union(*registered)

    def in_release(self) -> frozenset[str]:
        """The names of the commands of the released firmware: all, where there are no groups."""
        if not self.registered:
            return self.known()
        return frozenset(command.name for command in self.registered if command.group in self.released)


@cache
def load_catalogue(dialect: str) -> Catalogue:
    """Read the tables of a dialect, at first use."""
    headings = ("groups", "registered", "documented", "inherits", "without", "open")
    tables: dict[str, list[list[str]]] = {heading: [] for heading in headings}
    rows: list[list[str]] = []
    for line in (TABLES / f"{dialect}.txt").read_text(encoding="ascii").splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 1 and words[0].endswith(":"):
            rows = tables[words[0].removesuffix(":")]
        elif words:
            rows.append(words)
    documented = [_documented(row) for row in tables["documented"]]
    gone = {name for names in tables["without"] for name in names} | {entry.name for entry in documented}
    registered: list[Registered] = []
    for dialect, *chapters in tables["inherits"]:
        parent = load_catalogue(dialect)
        inherited = [
            entry
            for entry in parent.documented
            if entry.name not in gone and (not chapters or entry.chapter in chapters)
        ]
        names = {command for entry in inherited for command in entry.commands}
        registered += [command for command in parent.registered if command.name in names]
        documented = inherited + documented
    registered += [
        Registered(name, frozenset(Form(form) for form in forms), group) for group, name, *forms in tables["registered"]
    ]
    chapters = list(dict.fromkeys(entry.chapter for entry in documented))
    return Catalogue(
        frozenset(name for name, status in tables["groups"] if status == "released"),
        tuple(registered),
        tuple(sorted(documented, key=lambda entry: chapters.index(entry.chapter))),
        {name: " ".join(reason) for name, *reason in tables["open"]},
    )


def _documented(row: list[str]) -> Documented:
    chapter, name, *forms = row
    commands = [name]
    if "=" in forms:
        at = forms.index("=")
        forms, commands = forms[:at], forms[at + 1 :]
    return Documented(name, tuple(forms), chapter, tuple(commands))
