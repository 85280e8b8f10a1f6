"""`espat check`: are world files and scenarios right."""

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("check", help="check world files and scenarios, and name every mistake in them")
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a world file (world.toml), or a scenario (*.yaml); any number of them"
    )
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print `FILE: ok` for each that is right, to stderr every mistake in the others. Returns 0, or 2 when there is a
    mistake in any of them."""
    wrong = 0
    for file in dict.fromkeys(options.files):
        mistakes = _mistakes(file)
        wrong += bool(mistakes)
        # A file's name need not be text.
        lines = os.fsencode(mistakes or f"{file}: ok").decode(errors="backslashreplace")
        print(lines, file=sys.stderr if mistakes else sys.stdout, flush=True)
    if wrong and len(options.files) > 1:
        print(f"{wrong} of {len(set(options.files))} files have mistakes", file=sys.stderr)
    return 2 if wrong else 0


def _mistakes(file: str) -> str:
    """What is wrong with a file, a line for each; empty when it is right."""
    try:
        if file.endswith((".yaml", ".yml")):
            _check_scenario(Path(file))
        else:
            load_world(file)
    except (ScenarioError, WorldError) as error:
        return str(error)
    return ""


def _check_scenario(path: Path) -> None:
    """Raises ScenarioError."""
    from espat.scenario.play.player import prepare_file  # the whole simulator, and YAML

    prepare_file(path)
