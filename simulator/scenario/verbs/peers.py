"""Verbs of the hosts that the scenario plays itself."""

from collections.abc import Mapping
from typing import Any, Literal

from espat.core.suggestions import expected
from espat.scenario.hosts.peers import Peer
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.stage.company import peer_of
from espat.scenario.stage.matching import EXCERPT
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Data, Port
from espat.scenario.verbs.broker import connected_to_broker
from espat.scenario.verbs.table import verb
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.errors import NetworkError

Given = Mapping[str, Any]
Transport = Literal["tcp", "udp"]
Served = Literal["tcp", "udp", "ssl", "mqtt", "mqtts"]
Accepted = Literal["tcp", "ssl", "mqtt"]
Connected = Literal["tcp", "ssl"]


def _check_serve(given: Given) -> str | None:
    if given.get("client_auth") is not None and given["proto"] not in ("ssl", "mqtts"):
        return expected("proto ssl or mqtts with client_auth", given["proto"])
    return None


def _check_accept(given: Given) -> str | None:
    if given.get("client_cert") is not None and given.get("proto") in ("tcp", "mqtt"):
        return expected("proto ssl with client_cert", given["proto"])
    if given.get("client_id") is not None and given.get("proto") != "mqtt":
        return expected("proto mqtt with client_id", str(given.get("proto", "tcp")))
    return None


def _check_connect(given: Given) -> str | None:
    if given.get("client_cert") is not None and given.get("proto") != "ssl":
        return expected("proto ssl with client_cert", str(given.get("proto", "tcp")))
    return None


def _check_data(given: Given) -> str | None:
    """Of what is sent or received."""
    if given.get("value") is not None and given.get("data") is not None:
        return expected("the data once", "it twice")
    if given.get("value") is None and given.get("data") is None:
        return "missing argument 'data'"
    if given.get("from_port") is not None and given.get("proto", "tcp") == "tcp":
        return expected("proto udp with from_port", "tcp")
    return None


@verb("peer.serve", "serve", check=_check_serve)
async def serve(
    stage: Stage, *, peer: str, proto: Served, port: Port, client_auth: Literal["required"] | None = None
) -> None:
    """A peer starts a server; `client_auth`: one for TLS that takes nobody without a certificate."""
    peer_of(stage, peer).serve(proto, port, demands=client_auth is not None)


@verb("peer.refuse")
async def refuse(stage: Stage, *, peer: str, proto: Served, port: Port) -> None:
    """A peer stops its server: who connects is refused, what is connected stays."""
    peer_of(stage, peer).stop(proto, port)


@verb("peer.accept", "accept", check=_check_accept)
async def accept(
    stage: Stage,
    *,
    peer: str,
    proto: Accepted | None = None,
    port: Port | None = None,
    client_cert: bool | None = None,
    client_id: Data | None = None,
) -> None:
    """A peer has got a connection of the module's; over TLS or not, and with a certificate of the module's or without
    one, if that is said. `mqtt`: a client, if that is said the one with this identifier, is connected to its broker."""
    host = peer_of(stage, peer)
    if proto == "mqtt":
        await connected_to_broker(stage, peer, client_id)
        return
    got: list[PeerConnection] = []

    def accepted() -> bool:
        got.extend(one for one in host.connections if not one.accepted and port in (None, one.port))
        return bool(got)

    await stage.until(host.changed, accepted, lambda: f"{peer} gets no connection")
    connection = got[0]
    connection.accepted = True
    wanted = "ssl" if client_cert is not None else proto
    if wanted is not None and connection.secure is not (wanted == "ssl"):
        raise MismatchError(f"{peer} expected a connection over {wanted}, got one over {_transport(connection)}")
    if client_cert is not None and connection.certified is not client_cert:
        words = {True: "with a certificate", False: "without a certificate"}
        raise MismatchError(f"{peer} expected a connection {words[client_cert]}, got one {words[not client_cert]}")


def _transport(connection: PeerConnection) -> str:
    return "ssl" if connection.secure else "tcp"


@verb("peer.connect", "connect", check=_check_connect, to="where the peer believes the module to be")
async def connect(
    stage: Stage,
    *,
    peer: str,
    port: Port,
    module: str,
    proto: Connected = "tcp",
    to: str = "",
    client_cert: bool | None = None,
) -> None:
    """A peer opens a connection to a server of the module's; `to`: where the peer believes it is. `client_cert`:
    whether it has a certificate to show, which the world has to give it; without, when it has given one."""
    board = stage.modules[module]
    addresses = [str(active.address) for active in board[ActiveInterfaces]]
    if to and to not in addresses:
        raise MismatchError(f"{peer} looks for module {module} at {to}; it is at {' and '.join(addresses) or 'none'}")
    await peer_of(stage, peer).connect(board, to, port, tls=proto == "ssl", shows=client_cert)


@verb("peer.send", "peer_sends", check=_check_data)
async def peer_sends(
    stage: Stage,
    *,
    peer: str,
    module: str,
    value: Data | None = None,
    data: Data | None = None,
    proto: Transport = "tcp",
    port: Port | None = None,
    from_port: Port | None = None,
) -> None:
    """A peer sends data; UDP: from `from_port` of its own to `port` of the module's."""
    host = peer_of(stage, peer)
    content = _content(value, data)
    if proto == "tcp":
        connection = await _connection(stage, host, port)
        try:
            await connection.send(content)
        except NetworkError:
            raise MismatchError("the connection is closed") from None
        return
    if port is None:
        raise MismatchError("UDP needs 'port', the module's own")
    await host.send_datagram(stage.modules[module], content, from_port, port)


@verb("peer.receive", "peer_receives", check=_check_data)
async def peer_receives(
    stage: Stage,
    *,
    peer: str,
    module: str,
    value: Data | None = None,
    data: Data | None = None,
    proto: Transport = "tcp",
    port: Port | None = None,
    from_port: Port | None = None,
) -> None:
    """A peer gets data; UDP: one datagram, at `port` of its own and from `from_port` of the module's."""
    host = peer_of(stage, peer)
    wanted = _content(value, data)
    if proto == "tcp":
        await _receive_bytes(stage, host, await _connection(stage, host, port), wanted)
    else:
        await _receive_datagram(stage, host, wanted, port, from_port, module)


@verb("peer.close")
async def close(stage: Stage, *, peer: str, port: Port | None = None, reset: bool = False) -> None:
    """A peer closes its connection, or resets it."""
    connection = peer_of(stage, peer).open_connection(port)
    if connection is None:
        raise MismatchError(f"{peer} has no open connection")
    if reset:
        connection.reset()
    else:
        connection.close()


@verb("peer.sees_close", "sees_close")
async def sees_close(stage: Stage, *, peer: str, port: Port | None = None) -> None:
    """A peer sees its connection closed."""
    host = peer_of(stage, peer)
    open_ones = [one for one in host.connections if port in (None, one.port) and not one.closed]
    if not open_ones:
        raise MismatchError(f"{peer} has no connection")
    connection = open_ones[-1]
    await stage.until(host.changed, lambda: connection.ended, lambda: f"the connection of {peer} stays open")
    if connection.received:
        raise MismatchError(f"{peer} has got {bytes(connection.received[:EXCERPT])!r} besides")
    connection.close()
    host.connections.remove(connection)


def _content(value: bytes | None, data: bytes | None) -> bytes:
    content = data if value is None else value
    assert content is not None
    return content


async def _connection(stage: Stage, host: Peer, port: int | None) -> PeerConnection:
    await stage.until(
        host.changed,
        lambda: host.open_connection(port) is not None,
        lambda: f"{host.name} has no open connection",
    )
    connection = host.open_connection(port)
    assert connection is not None
    return connection


async def _receive_bytes(stage: Stage, host: Peer, connection: PeerConnection, wanted: bytes) -> None:
    def complete() -> bool:
        got = bytes(connection.received[: len(wanted)])
        if got != wanted[: len(got)]:
            raise MismatchError(f"{host.name} expected {wanted!r}, got {got!r}")
        return len(got) == len(wanted)

    await stage.until(
        host.changed,
        complete,
        lambda: f"{host.name} expected {wanted!r}, got {bytes(connection.received)!r} and no more",
    )
    connection.take(len(wanted))


async def _receive_datagram(
    stage: Stage, host: Peer, wanted: bytes, port: int | None, from_port: int | None, module: str
) -> None:
    ports = [port] if port is not None else list(host.datagrams)
    if len(ports) != 1 or ports[0] not in host.datagrams:
        raise MismatchError(f"{host.name} serves {len(host.datagrams)} UDP ports; 'port' must name one of them")
    arrived = host.datagrams[ports[0]]
    await stage.until(host.changed, lambda: bool(arrived), lambda: f"{host.name} gets no datagram at port {ports[0]}")
    datagram = arrived.popleft()
    if datagram.data != wanted:
        raise MismatchError(f"{host.name} expected {wanted!r}, got {datagram.data!r}")
    if from_port is not None and not await host.is_from(datagram, stage.modules[module], from_port):
        sender = f"{datagram.sender[0]}:{datagram.sender[1]}"
        raise MismatchError(f"{host.name} got it from {sender}, not from port {from_port} of the module's")
