"""The verbs: what a step does. One table, by the key that makes the step or by the name behind `do`.

A verb is a function of the stage and of keyword parameters, which are the keys a step may have; `value` is what stands
behind the key that makes the step, `module` is the module the step is about. A new verb is one more function here.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from types import UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from simulator.scenario.playing.matching import EXCERPT, MismatchError, Quiet
from simulator.scenario.playing.peers import Connection, Peer
from simulator.scenario.playing.stage import Stage
from simulator.scenario.transcript import Step

Transport = Literal["tcp", "udp"]
Action = Callable[[Stage], Awaitable[None]]
_IMPLIED: Final = frozenset({"stage", "value", "module", "optional"})
"""Parameters that are no keys of their own."""


class Verb(NamedTuple):
    """A verb as the table holds it.

    `keys`: the parameter behind every key a step may have. `hints`: the types of all parameters. `required`: the keys
    it must have. `substituted`: whether variables are put into its texts before it runs; what matches output takes
    them as they stand.
    """

    run: Callable[..., Awaitable[None]]
    keys: dict[str, str]
    hints: dict[str, Any]
    required: frozenset[str]
    substituted: bool


VERBS: Final[dict[str, Verb]] = {}


def verb(name: str, *, substituted: bool = True) -> Callable[[Callable[..., Awaitable[None]]], Any]:
    """Put a function into the table. A parameter whose name is a keyword of Python has `_` behind it."""

    def add(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        parameters = inspect.signature(function).parameters
        keys = {parameter.removesuffix("_"): parameter for parameter in parameters if parameter not in _IMPLIED}
        required = {key for key, parameter in keys.items() if parameters[parameter].default is inspect.Parameter.empty}
        VERBS[name] = Verb(function, keys, get_type_hints(function), frozenset(required), substituted)
        return function

    return add


def bind(step: Step) -> Action:
    """What a step does on a stage. Raises TranscriptError when there is no such verb or its keys are wrong."""
    found = VERBS.get(step.action)
    if found is None:
        raise step.place.error(f"{step.action!r} cannot be played; what can: {', '.join(sorted(VERBS))}")
    given = {"value": step.value, "module": step.module, "optional": step.optional}
    arguments = {name: value for name, value in given.items() if name in found.hints}
    for key, value in step.arguments.items():
        if key not in found.keys:
            raise step.place.error(f"{step.action}: {key!r} cannot be played; what can: {', '.join(found.keys) or '-'}")
        arguments[found.keys[key]] = value
    missing = found.required - step.arguments.keys()
    if missing:
        raise step.place.error(f"{step.action}: {', '.join(sorted(missing))} is missing")
    for name, value in arguments.items():
        if not _accepts(found.hints[name], value):
            key = step.action if name == "value" else f"{step.action}: {name.removesuffix('_')}"
            raise step.place.error(f"{key}: found {value!r}; {_described(found.hints[name])} would be right")

    async def act(stage: Stage) -> None:
        texts = {}
        if found.substituted:
            texts = {name: stage.variables.use(text) for name, text in arguments.items() if isinstance(text, str)}
        await found.run(stage, **(arguments | texts))

    return act


def _accepts(hint: Any, value: Any) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin in (Union, UnionType):
        return any(_accepts(choice, value) for choice in get_args(hint))
    if origin is list:
        return isinstance(value, list) and all(_accepts(get_args(hint)[0], item) for item in value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _described(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_described(choice) for choice in get_args(hint) if choice is not type(None))
    return {str: "a text", int: "a number"}.get(hint, "a list of texts")


# On the serial port


@verb("send")
async def send(stage: Stage, *, value: str, module: str) -> None:
    """Type a command line."""
    await stage.terminal(module).send_command(value)


@verb("send_raw")
async def send_raw(stage: Stage, *, value: str, module: str, guard_ms: int = 0) -> None:
    """Send data; `guard_ms`: with more silence than that around it."""
    silence = 2 * guard_ms / 1000
    await stage.clock.sleep(silence)
    await stage.terminal(module).send(value.encode())
    await stage.clock.sleep(silence)


@verb("send_raw_hex")
async def send_raw_hex(stage: Stage, *, value: str, module: str) -> None:
    """Send data given in hexadecimal."""
    await stage.terminal(module).send(bytes.fromhex(value))


@verb("expect", substituted=False)
async def expect(
    stage: Stage,
    *,
    value: list[str],
    module: str,
    optional: bool,
    or_: list[str] | None = None,
    blanks: Literal["lenient"] | None = None,
) -> None:
    """Exactly these lines, or those of `or`. An optional step is skipped when something else comes, or nothing."""
    alternatives: list[Sequence[str]] = [value]
    if or_ is not None:
        alternatives.append(or_)
    if optional:
        alternatives.append([])
    printed = stage.terminal(module).printed

    def attempt(quiet: Quiet) -> bool:
        return printed.lines(alternatives, lenient=blanks == "lenient", quiet=quiet)

    await stage.terminal(module).until(attempt, f"the lines {value!r}")


@verb("expect_set", substituted=False)
async def expect_set(
    stage: Stage, *, value: list[str], module: str, also: str = "", within_ms: int | None = None
) -> None:
    """Each of these lines at least once, in any order."""
    terminal = stage.terminal(module)
    ignored = [also] if also else []
    limit = within_ms / 1000 if within_ms is not None else None
    await terminal.until(lambda _: terminal.printed.line_set(value, ignored), f"any order of {value!r}", limit)


@verb("expect_raw")
async def expect_raw(stage: Stage, *, value: str, module: str) -> None:
    """Exactly these bytes, without line structure."""
    terminal = stage.terminal(module)
    await terminal.until(lambda _: terminal.printed.raw(value.encode()), f"the bytes {value!r}")


@verb("wait_ready")
async def wait_ready(stage: Stage, *, module: str) -> None:
    """The module restarts by itself: everything up to `ready` is discarded."""
    terminal = stage.terminal(module)
    await terminal.until(lambda _: terminal.printed.through("ready"), "a restart up to 'ready'")


@verb("quiet")
async def quiet(stage: Stage, *, module: str, ms: int) -> None:
    """Nothing may be printed for so long."""
    await stage.clock.sleep(ms / 1000)
    stage.terminal(module).printed.nothing()


@verb("pause_ms")
async def pause(stage: Stage, *, value: int) -> None:
    """Wait."""
    await stage.clock.sleep(value / 1000)


@verb("advance_time")
async def advance_time(stage: Stage, *, ms: int) -> None:
    """Time passes, for the module and its world: the stage's clock has to be as fast as the module's."""
    await stage.clock.sleep(ms / 1000)


# In the world


@verb("join_ap")
async def join_ap(stage: Stage, *, peer: str, ssid: str, password: str = "", ip: str = "") -> None:
    """A peer has joined a softAP of the module's, and got the address `ip`.

    Nothing is left to do: the world file has a station that joins as soon as the softAP appears.
    """
    stage.peer(peer)


@verb("serve")
async def serve(
    stage: Stage, *, peer: str, proto: Literal["tcp", "udp", "ssl"], port: int, client_auth: str = ""
) -> None:
    """A peer starts a server; `client_auth` of one for TLS: `required` when clients have to show a certificate."""
    if proto == "ssl":
        await stage.peer(peer).serve_tls(port, wants_certificate=client_auth == "required")
    else:
        stage.peer(peer).serve(proto, port)


@verb("accept")
async def accept(
    stage: Stage,
    *,
    peer: str,
    proto: Literal["tcp", "ssl"] = "tcp",
    port: int | None = None,
    client_cert: bool = False,
) -> None:
    """A peer has got a connection of the module's; `client_cert`: and a certificate, else it would have refused it."""
    host = stage.peer(peer)

    def accepted() -> bool:
        for connection in host.connections:
            if not connection.accepted and port in (None, connection.port):
                connection.accepted = True
                return True
        return False

    await stage.until(host, accepted, lambda: f"{peer} gets no connection")


@verb("connect")
async def connect(
    stage: Stage,
    *,
    peer: str,
    proto: Literal["tcp", "ssl"],
    to: str,
    port: int,
    module: str,
    client_cert: bool = False,
) -> None:
    """A peer opens a connection to a server of the module's; `to`, its address, is where the peer believes it is.

    `client_cert`: it shows the certificate that the world gives it.
    """
    endpoint = await stage.module_port(module, "tcp", port)
    if proto == "ssl":
        await stage.peer(peer).connect_tls(port, endpoint)
    else:
        await stage.peer(peer).connect(port, endpoint)


@verb("peer_sends")
async def peer_sends(
    stage: Stage,
    *,
    value: str,
    peer: str,
    module: str,
    proto: Transport = "tcp",
    port: int | None = None,
    from_port: int | None = None,
) -> None:
    """A peer sends data; UDP: from `from_port` of its own to `port` of the module's."""
    host = stage.peer(peer)
    if proto == "tcp":
        await (await _connection(stage, host, port)).send(value.encode())
        return
    if port is None:
        raise MismatchError("UDP needs 'port', the module's own")
    await host.send_datagram(value.encode(), from_port, await stage.module_port(module, "udp", port))


@verb("peer_receives")
async def peer_receives(
    stage: Stage,
    *,
    value: str,
    peer: str,
    module: str,
    proto: Transport = "tcp",
    port: int | None = None,
    from_port: int | None = None,
) -> None:
    """A peer gets data; UDP: one datagram, at `port` of its own and from `from_port` of the module's."""
    host = stage.peer(peer)
    wanted = value.encode()
    if proto == "tcp":
        await _receive_bytes(stage, host, await _connection(stage, host, port), wanted)
    else:
        await _receive_datagram(stage, host, wanted, port, from_port, module)


@verb("sees_close")
async def sees_close(stage: Stage, *, peer: str) -> None:
    """A peer sees its connection closed."""
    host = stage.peer(peer)
    if not host.connections:
        raise MismatchError(f"{peer} has no connection")
    connection = host.connections[-1]
    await stage.until(host, lambda: connection.ended, lambda: f"the connection of {peer} stays open")
    if connection.received:
        raise MismatchError(f"{peer} has got {bytes(connection.received[:EXCERPT])!r} besides")
    connection.close()
    host.connections.remove(connection)


async def _connection(stage: Stage, host: Peer, port: int | None) -> Connection:
    await stage.until(
        host, lambda: host.open_connection(port) is not None, lambda: f"{host.name} has no open connection"
    )
    connection = host.open_connection(port)
    assert connection is not None
    return connection


async def _receive_bytes(stage: Stage, host: Peer, connection: Connection, wanted: bytes) -> None:
    def complete() -> bool:
        got = bytes(connection.received[: len(wanted)])
        if got != wanted[: len(got)]:
            raise MismatchError(f"{host.name} expected {wanted!r}, got {got!r}")
        return len(got) == len(wanted)

    await stage.until(
        host, complete, lambda: f"{host.name} expected {wanted!r}, got {bytes(connection.received)!r} and no more"
    )
    del connection.received[: len(wanted)]


async def _receive_datagram(
    stage: Stage, host: Peer, wanted: bytes, port: int | None, from_port: int | None, module: str
) -> None:
    ports = [port] if port is not None else list(host.datagrams)
    if len(ports) != 1 or ports[0] not in host.datagrams:
        raise MismatchError(f"{host.name} serves {len(host.datagrams)} UDP ports; 'port' must name one of them")
    arrived = host.datagrams[ports[0]]
    await stage.until(host, lambda: bool(arrived), lambda: f"{host.name} gets no datagram at port {ports[0]}")
    datagram = arrived.popleft()
    if datagram.data != wanted:
        raise MismatchError(f"{host.name} expected {wanted!r}, got {datagram.data!r}")
    if from_port is not None:
        sender = await stage.module_port(module, "udp", from_port)
        if datagram.sender != sender:
            raise MismatchError(f"{host.name} got it from {datagram.sender}, not from the module's port at {sender}")
