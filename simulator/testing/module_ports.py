"""Where the ports of a simulation's modules are, as a program says it."""

import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

from espat.core.ports.uri import NUMBER, PortUri, parse_link, parse_port_uri
from espat.core.suggestions import expected
from espat.scenario.schema.kinds import shown

PATHS: Final = ("pty", "unix")
"""Schemes of ports that have a path."""


class ModulePortUris:
    """The ports of the modules and of their logs; none where modules are driven by the program itself."""

    def __init__(
        self,
        own: Sequence[str | None],
        folder: Path,
        *,
        serial: bool,
        link: str | Path | None,
        port: str | None,
        log_port: str | None,
    ) -> None:
        """`own`: what the world says of each module. `folder`: from where relative paths are. Raises ValueError."""
        if link is not None and port is not None:
            raise ValueError(f"port: {expected('a link or a port', 'both')}")
        for name, found in (("link", link), ("port", port), ("log_port", log_port)):
            if found is not None and not serial:
                raise ValueError(f"{name}: {expected('serial=True with it', shown(str(found)))}")
        self._own = own
        self._folder = folder
        self._serial = serial
        self._given = PortUri("pty", str(folder / link)) if link is not None else self._read("port", port)
        self._log = self._read("log_port", log_port)
        if self._log is not None and self._log.scheme == "exec":
            raise ValueError(f"log_port: {expected('a port for others to open', shown(str(self._log)))}")
        for name, uri in (("link" if link is not None else "port", self._given), ("log_port", self._log)):
            if uri is not None and len(own) > 1 and not uri.numbered:
                raise ValueError(f"{name}: {expected(f'a place with {NUMBER} for several modules', shown(uri.place))}")
            if uri is not None and len(own) > 1 and uri.scheme == "exec":
                raise ValueError(f"{name}: {expected('exec: for one module', str(len(own)))}")

    def _read(self, name: str, text: str | None) -> PortUri | None:
        if text is None:
            return None
        try:
            uri = parse_port_uri(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return uri._replace(place=str(self._folder / uri.place)) if uri.scheme in PATHS else uri

    def enter(self, exits: ExitStack | AsyncExitStack) -> tuple[tuple[PortUri, ...], tuple[PortUri, ...]]:
        """Those of the commands, and of the logs. Links nobody has named are in a new folder, until `exits` closes."""
        if not self._serial:
            return (), ()
        usual = self._given
        if usual is None:
            folder = exits.enter_context(tempfile.TemporaryDirectory(prefix="espat-"))
            usual = PortUri("pty", f"{folder}/ttyESP{NUMBER}")
        own = [link if self._given is None else None for link in self._own]
        uris = [parse_link(link) if link is not None else usual for link in own]
        commands = tuple(uri.of_module(number) for number, uri in enumerate(uris))
        log = self._log
        return commands, tuple(log.of_module(number) for number in range(len(own))) if log is not None else ()
