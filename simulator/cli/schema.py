"""`espat schema`: what may stand in a world file or a scenario, for editors."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

FILES = ("world", "scenario")


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("schema", help="print what may stand in a world file or a scenario, as JSON Schema")
    parser.add_argument("file", metavar="FILE", choices=FILES, help="world (world.toml) or scenario (*.yaml)")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print the schema. Returns 0."""
    from espat.scenario.play.json_schemas import scenario_schema, world_schema  # the whole simulator

    schema = world_schema() if options.file == "world" else scenario_schema()
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0
