"""The modules themselves."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from espat.core.ports.uri import NUMBER
from espat.core.suggestions import expected
from espat.dialects.names import RUNNABLE, right_variant
from espat.persist.variants import VARIANTS
from espat.scenario.schema.kinds import one_of, shown
from espat.scenario.schema.tables import Field, Reading, Table, Tables
from espat.scenario.tables.air import OWN_ADDRESS
from espat.scenario.tables.context import number_of
from espat.scenario.text.values import FLASH_PATH, LINK, MAC, SSID
from espat.scenario.world.modules import MODULES_LIMIT
from espat.scenario.world.world import ModuleConfiguration


def make_module(
    reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]
) -> ModuleConfiguration | None:
    """A module; its flash file is beside the file that the world is in."""
    number = str(number_of(place))
    own = partial(reading.claim, "mac", place=place, key="mac", right=OWN_ADDRESS)
    if "mac" in fields:
        own(fields["mac"])
        own((int.from_bytes(fields["mac"], "big") + 1).to_bytes(7, "big")[1:])  # the softAP's
    if "flash" in fields:
        fields["flash"] = str(reading.context.folder / fields["flash"].replace(NUMBER, number))
    if "dialect" in fields and "variant" in fields:
        right = right_variant(fields["dialect"], fields["variant"])
        if right is not None:
            reading.wrong(f"{place}.variant", expected(right, shown(fields["variant"])))
    paths = {"link": fields.get("link", "").replace(NUMBER, number), "flash": fields.get("flash", "")}
    for key, path in paths.items():
        if path:
            reading.claim(key, path, place, key, "a path of its own")
    more = {key: fields.pop(key) for key in list(fields) if key not in ModuleConfiguration._fields}
    return ModuleConfiguration(**fields, more=more)


MODULE: Final = Table(
    "A module; there are as many as there are tables, unless `--modules` says more.",
    {
        "mac": Field(MAC, "the station's MAC address; the softAP's is one higher", "derived from the seed"),
        "link": Field(LINK, "where its serial port appears, `{n}` is its number; `--link` and `--port` come first"),
        "dialect": Field(
            one_of({name: name for name in RUNNABLE}, "dialect"),
            "its firmware; `--dialect` comes first",
            f"'{RUNNABLE[0]}'",
        ),
        "joined": Field(SSID, "an access point that it has joined in an earlier life, and joins at power-on"),
        "variant": Field(
            one_of({name: name for name in VARIANTS}, "variant"),
            "what it is; `--variant` comes first",
            "what its flash is of",
        ),
        "flash": Field(
            FLASH_PATH,
            "the file with [its flash](flash.md), from the folder of this one, `{n}` is its number",
        ),
    },
    make_module,
    checks=True,
)

TABLES: Final = {"module": Field(Tables(MODULE, MODULES_LIMIT), "", attribute="modules")}
