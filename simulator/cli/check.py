"""`espat check`: is a world file or a scenario right."""

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.scenario.world_file import load_world
from simulator.scenario.world_reader import WorldError

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("check", help="check a world file or a scenario and name every mistake in it")
    parser.add_argument("file", metavar="FILE", help="a world file (world.toml), or a scenario (*.yaml)")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print `FILE: ok`, or every mistake to stderr. Returns 0, or 2 when there is a mistake."""
    try:
        if options.file.endswith((".yaml", ".yml")):
            from simulator.scenario.playing.player import prepare  # with the one below: the whole simulator, and YAML
            from simulator.scenario.scenario import ScenarioError
            from simulator.scenario.scenario_file import read_scenario

            try:
                prepare(read_scenario(Path(options.file)))
            except ScenarioError as error:
                print(os.fsencode(str(error)).decode(errors="backslashreplace"), file=sys.stderr)
                return 2
        else:
            load_world(options.file)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 2
    # A file's name need not be text.
    print(f"{os.fsencode(options.file).decode(errors='backslashreplace')}: ok")
    return 0
