"""The `espat` command: thin mains over the simulator."""

import sys
from collections.abc import Sequence
from importlib import import_module

from simulator import __version__
from simulator.cli.parser import Parser

SUBCOMMANDS = ("run", "play", "check", "trace", "commands", "flash", "pki")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `espat`. Exit codes: 0 done, 1 failure while running, 2 wrong usage or a bad file."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = Parser(prog="espat", description="A software simulator of an Espressif ESP-AT module.")
    parser.add_argument("--version", action="version", version=f"espat {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Only the module of the subcommand at hand is imported: the others cost time at every start.
    for name in words[:1] if words and words[0] in SUBCOMMANDS else SUBCOMMANDS:
        import_module(f"simulator.cli.{name}").add_parser(subparsers)
    namespace = parser.parse_args(words)
    code: int = namespace.main(namespace)
    return code
