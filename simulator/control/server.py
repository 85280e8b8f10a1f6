"""The control channel of one run: a listening socket, and a few tasks for each client.

Nobody who is there can hold the modules up: what a client does not read is dropped with the client, requests and
clients are bounded in number, and what a client has asked for ends when it goes.
"""

import hmac
import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

import trio

from espat.control import places
from espat.control.messages import (
    BROKEN,
    FAILED,
    NO_TOKEN,
    Lines,
    Request,
    RpcError,
    answer,
    failure,
    notification,
    read_request,
)
from espat.control.methods import call
from espat.control.places import Note, Place, PlaceError
from espat.core.ports.port import PortError
from espat.core.ports.unix import UnixListener
from espat.core.trace import Record, fields
from espat.scenario.stage.stage import Stage

CLIENTS_LIMIT: Final = 64
REQUESTS_LIMIT: Final = 64
"""Requests of one client that have not been answered yet."""
BACKLOG: Final = 128
READ_SIZE: Final = 16384
KEPT: Final = 2**22
"""Bytes that wait for a client; who reads less than that is thrown out."""
TOKEN_PATIENCE: Final = 10.0
"""Real seconds to say the token."""
ACCEPT_PAUSE: Final = 0.1
"""Seconds before the next try when this machine has no descriptor left."""

log = logging.getLogger(__name__)


class ControlServer:
    """A listening channel. `place`: where it is. `note`: the file that tells of it."""

    def __init__(self, place: Place) -> None:
        """Raises PlaceError, OSError."""
        self._unix: UnixListener | None = None
        self.token = ""
        if place.path is not None:
            try:
                self._unix = UnixListener(place.path, "--control unix:PATH", BACKLOG)
            except PortError as error:
                raise PlaceError(str(error)) from None
            self._socket = self._unix.socket
        else:
            self.token = secrets.token_urlsafe(24)
            self._socket = socket.create_server((place.address, place.port), backlog=BACKLOG)
            place = place._replace(port=self._socket.getsockname()[1])
        self._socket.setblocking(False)
        self.place = place
        try:
            self.note = places.leave_note(Note(os.getpid(), place, self.token))
        except BaseException:
            self._close()
            raise
        self._clients = 0

    @property
    def announcement(self) -> str:
        """What to tell the user of it."""
        return f"control at {self.place}" + (f" (its token is in {self.note})" if self.token else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nobody comes any more, and the files are removed."""
        with suppress(OSError):
            self.note.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        if self._unix is not None:
            self._unix.close()
        else:
            self._socket.close()

    async def serve(self, stage: Stage, shut_down: Callable[[], None]) -> None:
        """Take clients until cancelled; time passes meanwhile. `shut_down`: ends the run."""
        listener = trio.socket.from_stdlib_socket(self._socket)
        with stage.time_passing():
            async with trio.open_nursery() as nursery:
                while True:
                    try:
                        connection, _ = await listener.accept()
                    except OSError as error:
                        log.debug("the control channel: %s", error.strerror)
                        await trio.sleep(ACCEPT_PAUSE)
                        continue
                    nursery.start_soon(self._serve_client, trio.SocketStream(connection), stage, shut_down)

    async def _serve_client(self, stream: trio.SocketStream, stage: Stage, shut_down: Callable[[], None]) -> None:
        async with stream:
            if self._clients >= CLIENTS_LIMIT:
                error = RpcError(FAILED, f"expected at most {CLIENTS_LIMIT} clients at once, got one more")
                with suppress(trio.BrokenResourceError), trio.move_on_after(1):
                    await stream.send_all(failure(error))
                return
            self._clients += 1
            try:
                await ControlClient(stream, stage, shut_down, self.token).serve()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # it has gone
            finally:
                self._clients -= 1


class ControlClient:
    """One client. It may ask for much at once, and is answered as each is done."""

    def __init__(self, stream: trio.SocketStream, stage: Stage, shut_down: Callable[[], None], token: str = "") -> None:
        """`token`: what it has to say first, empty for nothing."""
        self.stage = stage
        self._shut_down = shut_down
        self._ends = False
        self._stream = stream
        self._token = token
        self._authorised = trio.Event()
        self._waiting: deque[bytes] = deque()
        self._kept = 0
        self._more = trio.lowlevel.ParkingLot()
        self._requests = trio.Semaphore(REQUESTS_LIMIT)
        self._module: int | None = None
        self._listening = False
        self._scope = trio.CancelScope()

    async def serve(self) -> None:
        """Answer what it asks for until it goes, or does not read any more."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._expect_token)
                    await self._read(nursery)
                    nursery.cancel_scope.cancel()
        finally:
            self.unsubscribe()

    def shut_down(self) -> None:
        self._ends = True

    def subscribe(self, module: int | None, recent: int) -> None:
        self._module = module
        trace = self.stage.trace
        for record in list(trace.recent)[len(trace.recent) - recent :]:
            self._tell(record)
        if not self._listening:
            self._listening = True
            trace.listeners.append(self._tell)

    def unsubscribe(self) -> None:
        if self._listening:
            self._listening = False
            self.stage.trace.listeners.remove(self._tell)

    def _tell(self, record: Record) -> None:
        if self._module in (None, record.module):
            self._put(notification("trace", fields(record)))

    def _put(self, line: bytes) -> None:
        """Send a line some time; a client that lets too much wait is thrown out."""
        self._waiting.append(line)
        self._kept += len(line)
        if self._kept > KEPT:
            self._scope.cancel()
        self._more.unpark()

    async def _write(self) -> None:
        while True:
            while not self._waiting:
                await self._more.park()
            data = b"".join(self._waiting)
            self._waiting.clear()
            await self._stream.send_all(data)
            self._kept -= len(data)
            if self._ends and not self._waiting:
                self._shut_down()

    async def _expect_token(self) -> None:
        if self._token:
            with trio.move_on_after(TOKEN_PATIENCE):
                await self._authorised.wait()
                return
            self._scope.cancel()

    async def _read(self, nursery: trio.Nursery) -> None:
        lines = Lines()
        while data := await self._stream.receive_some(READ_SIZE):
            try:
                found = lines.feed(data)
            except RpcError as error:  # where the next one begins is not known
                with trio.move_on_after(1):
                    await self._stream.send_all(failure(error))
                return
            for line in found:
                await self._take(line, nursery)

    async def _take(self, line: bytes, nursery: trio.Nursery) -> None:
        try:
            request = read_request(line)
            if self._token and not self._authorised.is_set():
                self._check_token(request)
                return
        except RpcError as error:
            self._put(failure(error))
            return
        await self._requests.acquire()
        nursery.start_soon(self._answer, request)

    def _check_token(self, request: Request) -> None:
        """Raises RpcError."""
        said = request.parameters.get("token")
        if request.method != "token" or not isinstance(said, str):
            raise RpcError(
                NO_TOKEN, f"expected the method 'token' first, got {request.method!r}", identity=request.identity
            )
        if not hmac.compare_digest(said.encode(), self._token.encode()):
            raise RpcError(NO_TOKEN, "expected the token of this run, got another", identity=request.identity)
        self._authorised.set()
        if request.answered:
            self._put(answer(request.identity, None))

    async def _answer(self, request: Request) -> None:
        try:
            line = answer(request.identity, await call(self, request.method, request.parameters))
        except RpcError as error:
            error.identity = request.identity
            line = failure(error)
        except Exception as error:  # noted in the trace by who has failed
            log.debug("the control channel: %s", error)
            line = failure(RpcError(BROKEN, f"the simulator itself has failed: {error}", identity=request.identity))
        finally:
            self._requests.release()
        if request.answered:
            self._put(line)
