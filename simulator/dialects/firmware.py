"""A dialect: the commands of a firmware, and all that is data of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable, Registry
from espat.core.restart import RestartCause
from espat.dialects.catalogue import load_catalogue
from espat.dialects.names import BUILDS, variants_of
from espat.firmware import BootText
from espat.module import Module
from espat.persist.variants import Variant
from espat.system.version import FirmwareVersion


class Dialect:
    """The firmware of one build. A subclass is a table: it says what differs from ESP-AT.

    `name`: of the catalogue too. `tables`: its commands. `only_known`: of these only what the catalogue has. `version`:
    what AT+GMR shows. `ready`: the messages of a boot. `traits`: by type, of the rooms that are not as in ESP-AT.
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[CommandTable, ...]]
    only_known: ClassVar[bool] = False
    version: FirmwareVersion
    boot_text: BootText | None = None
    ready: tuple[bytes, ...] = (b"\r\nready\r\n",)
    conventions: Conventions = ESP_AT
    traits: Mapping[type[Any], Any] = MappingProxyType({})

    def __init__(self, build: str = "full") -> None:
        """`build`: `full`, or `release` for the command groups of the released firmware only. Raises ValueError."""
        if build not in BUILDS:
            raise ValueError(f"expected a build, one of {', '.join(BUILDS)}, got {build!r}")
        self._build = build
        if build == "release":
            self.registry = Registry(self.tables, load_catalogue(self.name).in_release().__contains__)
        elif self.only_known:
            self.registry = Registry(self.tables, load_catalogue(self.name).known().__contains__)
        else:  # nothing to look up, and no catalogue to read at start
            self.registry = Registry(self.tables)

    @property
    def variant(self) -> Variant:
        """The module it runs on, when nobody says another one."""
        return next(iter(variants_of(self.name).values()))

    def command_list(self) -> list[tuple[str, frozenset[Form]]]:
        """What is built in and works, with the forms that do, in the order of the firmware."""
        registry = self.registry
        working = [
            (name, frozenset(form for form in forms if (name, form) in registry))
            for name, forms, _ in load_catalogue(self.name).registered
        ]
        return [(name, forms) for name, forms in working if forms]

    def lacks(self, name: str, form: Form) -> bool:
        """Whether this build of the real firmware has a form of a command that is not built here. The others of a
        command of which nothing is built count too."""
        if (name, form) in self.registry:
            return False
        catalogue = load_catalogue(self.name)
        if self._build == "release" and name not in catalogue.in_release():
            return False
        forms = catalogue.forms(name)
        return form in forms or (bool(forms) and not any((name, each) in self.registry for each in Form))

    def implemented(self) -> frozenset[tuple[str, str]]:
        """Name and form of everything that works: the commands, and what the manual lists that is no command."""
        commands = frozenset((name, form.value) for name, form in self.registry)
        return commands.union(*(table.formats for table in self.tables))

    def log_reset(self, module: Module, cause: RestartCause) -> None:
        """Write what ROM and boot loader print on a port of the log: nothing."""

    def log_start(self, module: Module) -> None:
        """Write what the application logs before it is ready: nothing."""
