"""What each module of a simulation is: its table of the world, and what a command line, a program or a scenario says of
all of them."""

from dataclasses import replace
from typing import Final

from espat.core.ports.uri import NUMBER
from espat.dialects.names import RUNNABLE, right_variant
from espat.scenario.world.world import ModuleConfiguration, World

MODULES_LIMIT: Final = 4096
"""Modules of one simulation: as many as Linux has pseudo-terminals."""


def with_modules(
    world: World, count: int, given: ModuleConfiguration, *, overrules: bool = False, prefix: str = ""
) -> World:
    """The world with tables for `count` modules or more, each of which has a dialect.

    `given`: what is said of all, `{n}` in its flash is a module's number; a module's own table comes first, unless what
    is given `overrules` it. `prefix`: of the names of what is given, in messages. Raises ValueError for a module that
    there cannot be.
    """
    if count > MODULES_LIMIT:
        raise ValueError(f"{prefix}modules: expected at most {MODULES_LIMIT}, got {count}")
    tables = [*world.modules, *[ModuleConfiguration()] * (count - len(world.modules))]
    if given.flash is not None and len(tables) > 1 and NUMBER not in given.flash:
        raise ValueError(f"{prefix}flash: needs {NUMBER} where the module's number goes, with more than one module")
    modules = []
    for number, own in enumerate(tables):
        said = given
        if said.flash is not None:
            said = said._replace(flash=said.flash.replace(NUMBER, str(number)))
        first, second = (said, own) if overrules else (own, said)
        dialect = first.dialect or second.dialect or RUNNABLE[0]
        variant = first.variant or second.variant
        if variant is not None and (right := right_variant(dialect, variant)) is not None:
            place = prefix if variant == said.variant else f"module#{number + 1}."
            raise ValueError(f"{place}variant: expected {right}, got {variant}")
        modules.append(own._replace(dialect=dialect, variant=variant, flash=first.flash or second.flash))
    return replace(world, modules=tuple(modules))
