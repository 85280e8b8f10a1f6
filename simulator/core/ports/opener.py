"""Opens the ports of a program by their URIs, and holds what they share."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from espat.core.ports.port import Port
from espat.core.ports.uri import PortUri

SCHEMES: Final = ("pty", "tcp", "unix", "exec")
"""Each has a module of its name beside this one, which holds its `open_port`."""


class PortService(Protocol):
    """What all ports of one kind share."""

    async def run(self) -> None:
        """Work for ever."""

    def close(self) -> None:
        """Release what it holds."""


AnyPortService = TypeVar("AnyPortService", bound=PortService)


def _ignore(code: int) -> None:
    pass


class PortOpener:
    """Opens ports. `spawn` starts a task of the program's; `ended` is told the exit code of a program at a port."""

    def __init__(self, spawn: Callable[..., Any], ended: Callable[[int], None] = _ignore) -> None:
        self.spawn = spawn
        self.ended = ended
        self._services: dict[type[PortService], PortService] = {}
        self._ports: list[Port] = []

    def open(self, uri: PortUri) -> Port:
        """Open a port. Raises PortError, OSError."""
        kind = import_module(f"espat.core.ports.{uri.scheme}")  # with its libraries, which others do not need
        port: Port = kind.open_port(uri.place, self)
        self._ports.append(port)
        return port

    def service(self, kind: type[AnyPortService]) -> AnyPortService:
        """The service that all ports of a kind share, started with the first of them."""
        if kind not in self._services:
            self._services[kind] = service = kind()
            self.spawn(service.run)
        found = self._services[kind]
        assert isinstance(found, kind)
        return found

    def close(self) -> None:
        """Close all that were opened."""
        for port in self._ports:
            port.close()
        for service in self._services.values():
            service.close()
