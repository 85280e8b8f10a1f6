"""`espat check`: is a world file right."""

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from simulator.scenario.world_file import WorldError, load_world

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("check", help="check a world file and name every mistake in it")
    parser.add_argument("file", metavar="FILE", help="a world file (world.toml)")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print `FILE: ok`, or every mistake to stderr. Returns 0, or 2 when there is a mistake."""
    try:
        load_world(options.file)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 2
    # A file's name need not be text.
    print(f"{os.fsencode(options.file).decode(errors='backslashreplace')}: ok")
    return 0
