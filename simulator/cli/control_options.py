"""Which run a command is about: `--control`, and what goes wrong on the way there."""

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from espat.control.client import ControlConnection, ControlError, connect
from espat.control.places import Place, PlaceError, parse_place

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_control_option(parser: "ArgumentParser") -> None:
    """Describe the option."""
    parser.add_argument(
        "--control",
        metavar="PLACE",
        type=_place,
        help="the control channel of the run, as it has printed it (that of the only run of yours)",
    )


def with_run(options: Namespace, ask: Callable[[ControlConnection], None]) -> int:
    """Have something done at a run. Returns 0, 1 when it refuses or fails, 2 when there is no such run."""
    try:
        with connect(options.control) as connection:
            ask(connection)
    except ControlError as error:
        print("\n  ".join((f"espat: {error}", *error.lines)), file=sys.stderr)
        return 1
    except PlaceError as error:
        print(f"espat: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        place = f"{options.control}: " if options.control is not None else ""
        print(f"espat: {place}{error.strerror or error}", file=sys.stderr)
        return 2
    return 0


def _place(text: str) -> Place:
    try:
        return parse_place(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
