"""Peers that speak TLS: OpenSSL's own programs, `openssl s_server` and `openssl s_client`.

They know the certificates that the modules have from the start. What they print on standard output is what they have
received, what they read on standard input they send; standard error says how the handshake went.
"""

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from espat.core.suggestions import any_of
from espat.persist.manufacturing import SHIPPED
from espat.scenario.hosts.peers import PeerError
from espat.scenario.services.peer_connection import RECEIVE_SIZE
from espat.scenario.world.peers import Credentials
from espat.stack.errors import LWIP_RESET, NetworkError

PROGRAM: Final = "openssl"
SHAKEN: Final = {b"\nPeer certificate: ": True, b"\nNo peer certificate": False}
"""What s_server and s_client say when the handshake is done: whether the other end has shown a certificate."""
LISTENING: Final = "0A"
"""A state in /proc/net/tcp."""
START_LIMIT: Final = 10.0
"""Seconds a program may take until it listens."""


class ProgramStream:
    """What a program has received and what it is to send, over its pipes. It closes its connection itself when it
    ends."""

    def __init__(self, process: trio.Process, *, peer_has_certificate: bool) -> None:
        self.peer_has_certificate = peer_has_certificate
        assert process.stdin is not None
        assert process.stdout is not None
        self._input = process.stdin
        self._output = process.stdout

    async def send(self, data: bytes) -> None:
        try:
            await self._input.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise NetworkError(LWIP_RESET) from error

    async def receive(self, most: int) -> bytes:
        return bytes(await self._output.receive_some(most))

    def close(self) -> None:
        """Goes on until the end."""

    def reset(self) -> None:
        """Goes on until the end."""


def _options(credentials: Credentials) -> list[str]:
    """The options of either program."""
    found = []
    if credentials.shown is not None:
        found += ["-cert", _path(credentials.shown), "-key", _path(credentials.shown.replace("_cert", "_key"))]
    if credentials.trusted is not None:
        found += ["-CAfile", _path(credentials.trusted)]
    return found


def _path(key: str) -> str:
    path: Path = SHIPPED / f"{key}.pem"
    if not path.exists():
        raise PeerError(f"found {key!r}; {any_of(sorted(file.stem for file in SHIPPED.iterdir()))} would be right")
    return str(path)


async def serve_tls(
    nursery: trio.Nursery,
    port: int,
    credentials: Credentials,
    *,
    wants_certificate: bool,
    established: Callable[[ProgramStream], object],
) -> None:
    """Start a server on 127.0.0.1:`port` and wait until it listens. Raises PeerError.

    `established` is told of a client that has come to terms; the program has one stream for all of them, so one is all
    it is good for.
    """
    demand = ["-Verify", "1", "-verify_return_error"] if wants_certificate else []
    arguments = ["s_server", "-accept", f"127.0.0.1:{port}", *_options(credentials), *demand]
    process = await _start(nursery, arguments, established)
    with trio.move_on_after(START_LIMIT):
        while process.poll() is None:
            if listens(port):
                return
            await trio.sleep(0.01)
    raise PeerError(f"{PROGRAM} s_server does not listen on port {port}")


async def connect_tls(nursery: trio.Nursery, endpoint: tuple[str, int], credentials: Credentials) -> ProgramStream:
    """Connect as a client that verifies the server. Raises PeerError."""
    done = trio.Event()
    streams: list[ProgramStream] = []

    def established(stream: ProgramStream) -> None:
        streams.append(stream)
        done.set()

    demand = ["-verify_return_error"] if credentials.trusted is not None else []
    arguments = ["s_client", "-connect", f"{endpoint[0]}:{endpoint[1]}", *_options(credentials), *demand]
    process = await _start(nursery, arguments, established)
    async with trio.open_nursery() as waiting:

        async def give_up() -> None:
            await process.wait()
            waiting.cancel_scope.cancel()

        waiting.start_soon(give_up)
        await done.wait()
        waiting.cancel_scope.cancel()
    if not streams:
        raise PeerError(f"{PROGRAM} s_client comes to no terms with {endpoint[0]}:{endpoint[1]}")
    return streams[0]


async def _start(
    nursery: trio.Nursery, arguments: list[str], established: Callable[[ProgramStream], object]
) -> trio.Process:
    run = partial(
        trio.run_process,
        [PROGRAM, *arguments, "-brief"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    try:
        process: trio.Process = await nursery.start(run)
    except OSError as error:
        raise PeerError(f"{PROGRAM} cannot be run: {error}") from error
    nursery.start_soon(_watch, process, established)
    return process


async def _watch(process: trio.Process, established: Callable[[ProgramStream], object]) -> None:
    """Read what the program says about its connections, to its end."""
    assert process.stderr is not None
    said = b"\n"
    while data := await process.stderr.receive_some(RECEIVE_SIZE):
        said += data
        for words, certified in SHAKEN.items():
            _, found, said_later = said.partition(words)
            if found:
                said = b"\n" + said_later
                established(ProgramStream(process, peer_has_certificate=certified))


def listens(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1, found out without a connection."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if local == f"0100007F:{port:04X}" and state == LISTENING:
            return True
    return False
