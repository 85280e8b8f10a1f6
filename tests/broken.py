"""A simulator whose parts fail by mistakes of its own: `python -m tests.broken PART... -- ARGUMENTS` is an `espat` with
such parts, and `-p tests.broken` a plugin that has them all fail in pytest."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, NoReturn

PARTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "AT+CWLAP": ("radio.scan", "Scanner", "scan"),
    "SNTP": ("stack.sntp", "SntpClient", "_keep_time"),
    "tcp-echo": ("scenario.services.streams", "TcpEcho", "serve"),
    "udp-echo": ("scenario.services.streams", "UdpEcho", "receive"),
    "access_point.off": ("radio.access_point", "AccessPoint", "switch_off"),
    "boot": ("module", "Module", "_live"),
}
"""A module, a class and a function of it."""
MISTAKE: Final = "ZeroDivisionError: integer division or modulo by zero"


def fail(*_: Any, **__: Any) -> NoReturn:
    """What the part does instead."""
    raise ZeroDivisionError(MISTAKE.partition(": ")[2])


def break_part(name: str) -> None:
    """Have a part fail from now on, in this program."""
    module, owner, function = PARTS[name]
    setattr(getattr(import_module(f"espat.{module}"), owner), function, fail)


def pytest_configure() -> None:
    break_part("AT+CWLAP")
    break_part("SNTP")


if __name__ == "__main__":
    at = sys.argv.index("--")
    for part in sys.argv[1:at]:
        break_part(part)
    from espat.cli import main

    sys.exit(main(sys.argv[at + 1 :]))
