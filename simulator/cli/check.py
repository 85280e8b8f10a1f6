"""`espat check`: are world files and scenarios right."""

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.scenario.world_file import load_world
from simulator.scenario.world_reader import WorldError

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

SCENARIOS = (".yaml", ".yml")


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("check", help="check world files and scenarios, and name every mistake in them")
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a world file (world.toml), or a scenario (*.yaml, *.yml)"
    )
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print `FILE: ok` for each, or every mistake to stderr. Returns 0, or 2 when there is a mistake."""
    mistakes = False
    for file in options.files:
        error = _check(file)
        if error is not None:
            mistakes = True
            print(_printable(error), file=sys.stderr)
        else:
            print(f"{_printable(file)}: ok", flush=True)
    return 2 if mistakes else 0


def _check(file: str) -> str | None:
    """What is wrong with a file."""
    if file.endswith(SCENARIOS):
        from simulator.scenario.playing.player import prepare_file  # with the one below: the whole simulator, and YAML
        from simulator.scenario.scenario import ScenarioError

        try:
            prepare_file(Path(file))
        except ScenarioError as error:
            return str(error)
        return None
    try:
        load_world(file)
    except WorldError as error:
        return str(error)
    return None


def _printable(text: str) -> str:
    """A file's name need not be text."""
    return os.fsencode(text).decode(errors="backslashreplace")
