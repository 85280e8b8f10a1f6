"""JSON-RPC 2.0, one message on each line. Sans-IO.

A request has `method`, `params` by name, and an `id` if an answer is wanted. What cannot be read is answered too, and
every message that says what is wrong says what would be right.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from espat.core.suggestions import expected, unknown

LINE_LIMIT: Final = 2**16
"""Bytes of a message."""
REQUEST_KEYS: Final = ("jsonrpc", "method", "params", "id")

NO_JSON: Final = -32700
NO_REQUEST: Final = -32600
UNKNOWN_METHOD: Final = -32601
WRONG_PARAMETERS: Final = -32602
FAILED: Final = -32000
"""What was asked for did not happen."""
NO_TOKEN: Final = -32001
"""Who connects by TCP has to say the token first."""
BROKEN: Final = -32603
"""The simulator itself has failed."""

Identity = str | int | float | None


class Request(NamedTuple):
    """What a client asks for. `answered`: whether it wants an answer, under `identity`."""

    method: str
    parameters: Mapping[str, Any]
    identity: Identity = None
    answered: bool = True


class RpcError(Exception):
    """A request that is answered by an error. `code`: of JSON-RPC. `data`: more of it, where there is more."""

    def __init__(self, code: int, message: str, *, identity: Identity = None, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.identity = identity
        self.data = data


def read_request(line: bytes) -> Request:
    """Raises RpcError."""
    message = _object(line)
    identity = message.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | float | None):
        raise _no_request(f"id: {expected('a text or a number', _shown(identity))}", None)
    if message.get("jsonrpc") != "2.0":
        raise _no_request(f"jsonrpc: {expected(repr('2.0'), _shown(message.get('jsonrpc')))}", identity)
    for key in message:
        if key not in REQUEST_KEYS:
            raise _no_request(unknown("key", key, REQUEST_KEYS), identity)
    method = message.get("method")
    if not isinstance(method, str):
        raise _no_request(f"method: {expected('the name of a verb or method', _shown(method))}", identity)
    parameters = message.get("params", {})
    if not isinstance(parameters, dict):
        raise _no_request(f"params: {expected('an object, with names', _shown(parameters))}", identity)
    return Request(method, parameters, identity, "id" in message)


def answer(identity: Identity, result: Any) -> bytes:
    """The line that answers a request."""
    return _line({"jsonrpc": "2.0", "id": identity, "result": result})


def failure(error: RpcError) -> bytes:
    """The line that answers one that failed."""
    told: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        told["data"] = error.data
    return _line({"jsonrpc": "2.0", "id": error.identity, "error": told})


def notification(method: str, parameters: Mapping[str, Any]) -> bytes:
    """A line that nobody has asked for, and nobody answers."""
    return _line({"jsonrpc": "2.0", "method": method, "params": parameters})


def request(method: str, parameters: Mapping[str, Any], identity: Identity) -> bytes:
    """The line of a request."""
    return _line({"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters})


class Lines:
    """Puts the lines of a stream together."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends; empty ones are left out. Raises RpcError for a line that
        is too long."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        if any(len(line) > self._limit for line in (*lines, rest)):
            raise _no_request(f"expected a line of at most {self._limit} bytes, got a longer one", None)
        self._rest = bytearray(rest)
        return [bytes(line) for line in lines if line.strip()]


def _object(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        problem = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise RpcError(NO_JSON, f"expected a line of JSON, got something else ({problem})") from None
    if not isinstance(message, dict):
        raise _no_request(expected("one request on a line, as an object", _shown(message)), None)
    return message


def _no_request(text: str, identity: Identity) -> RpcError:
    return RpcError(NO_REQUEST, text, identity=identity)


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def _shown(value: object) -> str:
    names = {dict: "an object", list: "a list", type(None): "nothing", bool: "true or false"}
    return names.get(type(value)) or repr(value)[:40]
