"""Which documented commands of a dialect work: the catalogue beside the registry."""

from typing import NamedTuple

from espat.dialects.catalogue import load_catalogue
from espat.dialects.loading import load_firmware
from espat.dialects.names import FIRMWARES


class Coverage(NamedTuple):
    """One form of one entry of the catalogue; `group` is its chapter of the manual, `reason` why it does not work."""

    command: str
    form: str
    group: str
    works: bool
    reason: str = ""


def coverage(dialect: str) -> list[Coverage]:
    """Every form of every documented entry, in the order of the manual."""
    implemented = load_firmware(dialect).implemented() if dialect in FIRMWARES else frozenset[tuple[str, str]]()
    catalogue = load_catalogue(dialect)
    rows = []
    for entry in catalogue.documented:
        reason = catalogue.open.get(entry.name) or catalogue.open.get(entry.chapter, "")
        for form in entry.forms:
            works = all((command, form) in implemented for command in entry.commands)
            rows.append(Coverage(entry.name, form, entry.chapter, works, "" if works else reason))
    return rows
