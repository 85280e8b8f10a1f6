"""The `espat` command: thin mains over the simulator."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from espat import __version__
from espat.cli.parser import Parser

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it, of what does not end in a way of its own."""
SHOWING: Final = ("trace", "commands", "flash", "schema")
"""What has done its work when nobody wants to read more of it."""
SUBCOMMANDS = ("run", "play", "check", "schema", "trace", "commands", "flash", "pki")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `espat`. Exit codes: 0 done, 1 failure while running, 2 wrong usage or a bad file, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _main(words)
    except BrokenPipeError:  # `| head` has seen enough; what Python still holds goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if words[0] in SHOWING else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseExceptionGroup as group:
        if group.split(KeyboardInterrupt)[1] is not None:
            raise
        return INTERRUPTED


def _main(words: Sequence[str]) -> int:
    parser = Parser(prog="espat", description="A software simulator of an Espressif ESP-AT module.")
    parser.add_argument("--version", action="version", version=f"espat {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Only the module of the subcommand at hand is imported: the others cost time at every start.
    for name in words[:1] if words and words[0] in SUBCOMMANDS else SUBCOMMANDS:
        import_module(f"espat.cli.{name}").add_parser(subparsers)
    namespace = parser.parse_args(words)
    code: int = namespace.main(namespace)
    print(end="", flush=True)  # nothing is there to flush when stdout was closed from the start
    return code
