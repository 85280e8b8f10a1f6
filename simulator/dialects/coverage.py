"""Which documented commands of a dialect work: the catalogue beside the registry."""

from typing import Final, NamedTuple

from simulator.dialects.catalogue import load_catalogue
from simulator.dialects.esp32_v5 import Esp32V5

FIRMWARES: Final = {Esp32V5.name: Esp32V5}
"""By dialect; a dialect that is missing here has a catalogue only."""


class Coverage(NamedTuple):
    """One form of one entry of the catalogue; `group` is its chapter of the manual."""

    command: str
    form: str
    group: str
    works: bool


def coverage(dialect: str) -> list[Coverage]:
    """Every form of every documented entry, in the order of the manual."""
    firmware = FIRMWARES.get(dialect)
    implemented = firmware().implemented() if firmware is not None else frozenset[tuple[str, str]]()
    return [
        Coverage(entry.name, form, entry.chapter, all((command, form) in implemented for command in entry.commands))
        for entry in load_catalogue(dialect).documented
        for form in entry.forms
    ]
