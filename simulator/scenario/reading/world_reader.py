"""A parsed world file becomes a World, or a list of everything that is wrong with it. Sans-IO.

Which keys there are, and what each may be, is in the files of `scenario/tables`; here is what they make together.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final

from espat.core.suggestions import expected, unknown
from espat.scenario import tables
from espat.scenario.schema.tables import Field, Mistake, Reading, Table, Tables, read_whole
from espat.scenario.tables.context import Context
from espat.scenario.world.world import (
    DEFAULT_ACCESS_POINT,
    AccessPointConfiguration,
    HostConfiguration,
    ModuleConfiguration,
    World,
)

ATTRIBUTES: Final = frozenset(field.name for field in fields_of(World))


class WorldError(ValueError):
    """A world file cannot be used. The message has one line for each mistake."""

    def __init__(self, source: str, mistakes: Collection[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{source}{mistake.at}: {mistake}" for mistake in self.mistakes))


def read_world(
    document: Mapping[str, object],
    source: str,
    folder: Path = Path(),
    awaited: list[tuple[str, str]] | None = None,
) -> World:
    """Make a World of a parsed document; `source` names it in the messages, in `folder` are the files that it names.
    `awaited` gets what it asks for that there is not yet, and the places of that. Raises WorldError."""
    context = Context(folder, awaited if awaited is not None else [])
    reading = Reading(context)
    world: World = read_whole(reading, document, world_table())
    if reading.mistakes:
        raise WorldError(source, reading.mistakes)
    return world


def _themes() -> Iterator[ModuleType]:
    """The files of `scenario/tables`."""
    for found in iter_modules(tables.__path__):
        yield import_module(f"{tables.__name__}.{found.name}")


@cache
def world_table() -> Table:
    """What may stand in a world, of all themes together."""
    fields: dict[str, Field] = {}
    more: dict[str, dict[str, Field]] = {}
    for theme in _themes():
        fields |= getattr(theme, "TABLES", {})
        for key, added in getattr(theme, "KEYS", {}).items():
            more.setdefault(key, {}).update(added)
    for key, added in more.items():
        kind = fields[key].kind
        assert isinstance(kind, Tables), f"{key} takes no further keys"
        table = replace(kind.table, fields={**kind.table.fields, **added})
        fields[key] = replace(fields[key], kind=replace(kind, table=table))
    return Table("The world around the modules.", fields, make_world, checks=True)


def make_world(reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]) -> World:
    """The world, when its tables fit together."""
    points = fields.get("access_points", (DEFAULT_ACCESS_POINT,))
    if not reading.mistakes:  # else nothing is said of what may be there and is wrong itself
        _check_joined(reading, fields.get("modules", ()), points)
        _check_addresses(reading, fields.get("memory_hosts", ()), points)
    fields |= fields.pop("listen", {})
    chapters = {key: fields.pop(key) for key in list(fields) if key not in ATTRIBUTES}
    return World(**fields, chapters={_class_of(value): value for value in chapters.values() if value != ()})


def _class_of(value: Any) -> type:
    return type(value[0]) if type(value) is tuple else type(value)


def _check_joined(
    reading: Reading, modules: Collection[ModuleConfiguration], points: Collection[AccessPointConfiguration]
) -> None:
    """A module can have joined only what there is."""
    known = {point.ssid: point.ssid.decode(errors="replace") for point in points}
    for number, module in enumerate(modules, 1):
        if module.joined is not None and module.joined not in known:
            name = module.joined.decode(errors="replace")
            reading.wrong(f"module#{number}.joined", unknown("access point", name, known.values()))


def _check_addresses(
    reading: Reading, hosts: Collection[HostConfiguration], points: Collection[AccessPointConfiguration]
) -> None:
    """A host cannot have an address that nobody may have."""
    subnets = {point.subnet for point in points}
    for host in hosts:
        address = host.address
        for subnet in subnets:
            first, last = subnet.network_address + 2, subnet.broadcast_address - 1
            if address is not None and address in subnet and not first <= address <= last:
                right = f"an address from {first} to {last}, or of another network"
                reading.wrong(f"{reading.owner('address', address)}.address", expected(right, repr(str(address))))
                break
