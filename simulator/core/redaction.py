"""Keeping passwords out of logs: what a log shows of the traffic on the port.

A secret is an argument that its command declares as `Secret`, or one that the world knows. Once seen it is hidden
wherever it turns up, in echoes and answers too.
"""

from collections.abc import Iterable
from typing import Any, Final

from simulator.core.arguments import Secret
from simulator.core.errors import CommandError
from simulator.core.grammar import UnknownCommandError, parse_line
from simulator.core.registry import Registry
from simulator.core.trace import Kind

HIDDEN: Final = b"***"


class Redactor:
    """Renders messages of one module for people."""

    def __init__(self, registry: Registry, context: Any, secrets: Iterable[bytes] = ()) -> None:
        self._registry = registry
        self._context = context
        self._secrets = {secret for secret in secrets if secret}

    def render(self, direction: str, kind: Kind, data: bytes) -> str:
        """One message in one line, control characters escaped; data only by its length."""
        if kind is Kind.DATA or (direction == "out" and data.startswith(b"\r\n+IPD")):
            return f"{kind.value}, {len(data)} bytes"
        if direction == "in" and kind is Kind.COMMAND:
            data = self._command(data)
        for secret in self._secrets:
            data = data.replace(secret, HIDDEN)
        return f"{kind.value} {data!r}"

    def _command(self, line: bytes) -> bytes:
        """The line itself, its secrets noted; only the name when it cannot be read."""
        try:
            command = parse_line(line.rstrip(b"\r\n"))
            entry = self._registry.find(self._context, command)
            entry.signature.bind(self._context, command.parameters)
        except (UnknownCommandError, CommandError):
            return line.partition(b"=")[0]
        present = [argument for _, argument, _ in entry.signature.arguments if argument.present(self._context)]
        for argument, parameter in zip(present, command.parameters, strict=False):
            if isinstance(argument, Secret) and isinstance(parameter, bytes) and parameter:
                self._secrets.add(parameter)
        return line
