"""Keeping passwords out of logs: what a log shows of the traffic on the port.

A secret is an argument that its command declares as `Secret`, one that the world knows, or one that the module has
stored in an earlier life. Once seen it is hidden wherever it turns up, in echoes and answers too. A message with data
of the user's says so itself (`private`).
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from espat.core.at.arguments import Secret
from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.errors import CommandError
from espat.core.at.grammar import OMITTED, Form, Parameter, UnknownCommandError
from espat.core.at.registry import Registry
from espat.core.trace import Kind, visible

HIDDEN: Final = b"***"


class Redactor:
    """Renders messages of one module for people."""

    def __init__(
        self,
        registry: Registry,
        context: Any,
        secrets: Callable[[], Iterable[bytes]] = tuple,
        *,
        conventions: Conventions = ESP_AT,
    ) -> None:
        """`secrets`: gives those that have not been on the port; asked before every answer, for they may change.
        `conventions`: how the firmware reads lines."""
        self._registry = registry
        self._conventions = conventions
        self._context = context
        self._known = secrets
        self._secrets: set[bytes] = set()

    def render(self, direction: str, kind: Kind, data: bytes, *, private: bool = False) -> str:
        """One message in one line, control characters escaped; what cannot be read, what is `private`, and data only
        by its length."""
        if private or kind is Kind.DATA:
            return f"{kind.value}, {len(data)} bytes"
        if direction == "in":
            return f"{kind.value} {self._command(data)}"
        for secret in self._known():
            if secret and secret not in self._secrets:
                self._secrets |= _spellings(secret)
        for secret in sorted(self._secrets, key=len, reverse=True):  # one may be the beginning of another
            data = data.replace(secret, HIDDEN)
        return f"{kind.value} {visible(data)}"

    def secrets(self, lines: Iterable[bytes]) -> set[bytes]:
        """What is to be hidden, in all its spellings, once these command lines have come in."""
        for line in lines:
            self.render("in", Kind.COMMAND, line)
        for secret in self._known():
            self._secrets |= _spellings(secret)
        return set(self._secrets)

    def _command(self, line: bytes) -> str:
        """A command line with its secrets hidden and noted; only the name, or the length, of one that is refused."""
        try:
            command = self._conventions.parse_line(line.removesuffix(b"\r\n"))
        except UnknownCommandError:
            return f"of {len(line)} bytes"
        try:
            entry = self._registry.find(self._context, command)
            entry.signature.bind(self._context, command.parameters)
        except CommandError:
            return f"{command.name}, refused"
        present = [argument for _, argument, _ in entry.signature.arguments if argument.present(self._context)]
        shown = []
        for argument, parameter in zip(present, command.parameters, strict=False):
            if isinstance(argument, Secret) and isinstance(parameter, bytes):
                secret = argument.secret(parameter)
                if secret:
                    self._secrets |= _spellings(secret)
                if secret or not parameter:  # not where there is no secret in it
                    parameter = parameter.replace(secret, HIDDEN)
            shown.append(_typed(parameter))
        suffix = {Form.QUERY: "?", Form.TEST: "=?", Form.EXECUTE: "", Form.SET: "="}[command.form]
        return f"{command.name}{suffix}{','.join(shown)}"


def _spellings(secret: bytes) -> set[bytes]:
    """A secret as it may turn up: escaped, in hexadecimal, and what it is the hexadecimal of."""
    found = {secret, _escaped(secret), secret.hex().encode()}
    with suppress(ValueError):
        plain = bytes.fromhex(secret.decode("ascii"))
        found |= {plain, plain.hex().encode()}
    return found - {b""}


def _escaped(text: bytes) -> bytes:
    """A string as it stands in a command line."""
    for special in (b"\\", b'"', b","):
        text = text.replace(special, b"\\" + special)
    return text


def _typed(parameter: Parameter) -> str:
    if isinstance(parameter, bytes):
        return '"' + _escaped(parameter).decode("ascii", "backslashreplace") + '"'
    return "" if parameter is OMITTED else str(parameter)
