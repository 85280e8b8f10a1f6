"""A world file: TOML to a World. What the tables mean is in `scenario/tables`."""

import os
from pathlib import Path

from espat.scenario.reading.world_reader import WorldError, read_world
from espat.scenario.schema.tables import Mistake
from espat.scenario.text.document import DocumentError, decoded, read_bytes
from espat.scenario.text.toml import parse_toml
from espat.scenario.world.world import World


def load_world(path: str | os.PathLike[str]) -> World:
    """Read a world file. Raises WorldError with all mistakes that were found."""
    source = os.fsdecode(path)
    try:
        document, lines = parse_toml(decoded(read_bytes(Path(source))))
    except DocumentError as error:
        raise WorldError(source, [Mistake("", str(error), line=error.line)]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise WorldError(source, [Mistake("", f"cannot be read ({reason})")]) from None
    try:
        return read_world(document, source, Path(source).parent)
    except WorldError as error:
        located = [mistake._replace(line=lines.line_of(mistake.located)) for mistake in error.mistakes]
        raise WorldError(source, located) from None
