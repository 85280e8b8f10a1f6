"""The `espat` command: thin mains over the simulator."""

import errno
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final, TextIO

from espat import __version__
from espat.cli.parser import Parser
from espat.cli.reasons import is_of_output, reason

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it, of what does not end in a way of its own."""
STANDARD_ERROR: Final = 2
LIMITS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What this machine has no more of."""
SHOWING: Final = ("trace", "commands", "flash", "schema", "status")
"""What has done its work when nobody wants to read more of it."""
SERVING: Final = ("run",)
"""What does its work whether anybody reads of it or not."""
SUBCOMMANDS = ("run", "do", "status", "play", "check", "schema", "trace", "commands", "flash", "pki")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `espat`. Exit codes: 0 done, 1 failure while running, 2 wrong usage or a bad file, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        _open_standard_files()
        return _main(words)
    except BrokenPipeError:  # `| head` has seen enough; what Python still holds goes nowhere
        _discard(sys.stdout)
        return 0 if words[:1] and words[0] in SHOWING else 1
    except OSError as error:
        code = _refused(error)
        if code is None:
            raise
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseExceptionGroup as group:
        if group.split(KeyboardInterrupt)[1] is None:
            return INTERRUPTED
        if group.split(_is_limit)[1] is not None:
            raise
        _complain(reason(next(_leaves(group))))
        return 2


def _open_standard_files() -> None:
    """What was closed from the start leads nowhere: else the next file that is opened would be in its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _is_limit(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in LIMITS


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group."""
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _leaves(each) if isinstance(each, BaseExceptionGroup) else (each,)


def _refused(error: OSError) -> int | None:
    """Tell why this machine does not let the program go on, and return the exit code; None for any other error."""
    if is_of_output(error):
        _complain(f"standard output: {error.strerror}")
        _discard(sys.stdout)
        return 1
    if error.errno in LIMITS:
        _complain(reason(error))
        return 2
    return None


def _complain(text: str | None) -> None:
    with suppress(OSError):
        print(f"espat: {text}", file=sys.stderr, flush=True)


def _discard(stream: TextIO) -> None:
    """What is written from now on goes nowhere, and what waits in it too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _main(words: Sequence[str]) -> int:
    parser = Parser(prog="espat", description="A software simulator of an Espressif ESP-AT module.")
    parser.add_argument("--version", action="version", version=f"espat {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Only the module of the subcommand at hand is imported: the others cost time at every start.
    for name in words[:1] if words and words[0] in SUBCOMMANDS else SUBCOMMANDS:
        import_module(f"espat.cli.{name}").add_parser(subparsers)
    namespace = parser.parse_args(words)
    code: int = namespace.main(namespace)
    gc.freeze()  # at the end Python looks through everything once more, for a tenth of the time of a short run
    try:
        print(end="", flush=True)
    except OSError:
        if words[0] not in SERVING:
            raise
        _discard(sys.stdout)
    return code
