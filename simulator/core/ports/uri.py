"""Ports by their URI. Sans-IO.

    pty:PATH          a pseudo-terminal behind a link at PATH
    tcp:HOST:PORT     the module listens; PORT may be a sum, 9000+{n}
    unix:PATH         the module listens
    exec:COMMAND      a program whose standard input and output are the wire, or a device at `{port}` in the command

`{n}` stands for the module's number.
"""

import re
from typing import Final, NamedTuple


class PortUri(NamedTuple):
    """Where a port is."""

    scheme: str
    place: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.place}"

    @property
    def numbered(self) -> bool:
        """Whether it is another port for each module."""
        return NUMBER in self.place or (self.scheme == "tcp" and self.place.endswith(":0"))

    def of_module(self, number: int) -> "PortUri":
        """The port of one module."""
        return self._replace(place=self.place.replace(NUMBER, str(number)))


NUMBER: Final = "{n}"
SCHEMES: Final = ("pty", "tcp", "unix", "exec")
RIGHT: Final = "pty:PATH, tcp:HOST:PORT, unix:PATH or exec:COMMAND"


def parse_port_uri(text: str) -> PortUri:
    """Read a URI. Raises ValueError, which says what was expected."""
    scheme, _, place = text.partition(":")
    if scheme not in SCHEMES or not place or "\0" in place:
        raise ValueError(f"expected {RIGHT}, got {text!r}")
    uri = PortUri(scheme, place)
    if scheme == "tcp":
        split_tcp(uri.of_module(0).place)
    return uri


def parse_link(text: str) -> PortUri:
    """Read a URI or, where there is no scheme, the path of a link. Raises ValueError."""
    return parse_port_uri(text if text.partition(":")[0] in SCHEMES and ":" in text else f"pty:{text}")


def split_tcp(place: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, where PORT may be a sum. Raises ValueError."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]]+)):(\d{1,5}(?:\+\d{1,5})*)", place)
    port = sum(map(int, found[3].split("+"))) if found else 0
    if found is None or port > 65535:
        raise ValueError(f"expected tcp:HOST:PORT with a port up to 65535, got 'tcp:{place}'")
    return found[1] or found[2], port
