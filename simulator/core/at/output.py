"""The one ordered writer to the port: a queue of whole messages.

Every message passes, in this order: the message filter, the queue, the port. A message is never split by another one.
Until the first client has come, what is written goes into the device, as far as that holds it; a port that has none
keeps as much as the TX buffer holds. Once a client has left, everything is dropped until the next one comes. A client
that does not read makes whoever produces output wait in `room`.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from espat.core.ports.port import Attachment, Port
from espat.core.trace import Kind

TX_BUFFER: Final = 8192
"""Bytes of output the module holds for a client that does not read."""

Recorder = Callable[[str, Kind, bytes, bool], None]
"""Notes a message: direction, kind, bytes, and whether it is private, so that no log may show it."""
MessageFilter = Callable[[bytes], bytes]
"""Takes a message and returns what is left of it."""


class Output:
    """The writing side of a module's UART. It lives as long as the port, over all boots."""

    def __init__(self, port: Port, recorder: Recorder | None = None) -> None:
        self._port = port
        self._recorder = recorder
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._corks = 0
        self._powered = True
        self._wanted = trio.Event()
        self._progress = trio.lowlevel.ParkingLot()
        self.message_filter: MessageFilter | None = None
        self.on_drained: Callable[[], None] | None = None
        """Called once, in the moment when every byte has been handed to the client's side or is lost."""
        port.on_attachment = self._attachment_changed

    def write(self, message: bytes, kind: Kind, *, filtered: bool = True, private: bool = False) -> None:
        """Queue one message; it goes out as soon as the caller lets go of the processor.

        `filtered`: whether the message filter applies. `private`: whether it carries data of the user's.
        """
        if not self._powered:
            return
        if filtered and self.message_filter is not None:
            message = self.message_filter(message)
        if not message:
            return
        if self._port.attachment is Attachment.LEFT:
            return
        if self._queued + len(message) > TX_BUFFER and not self._port.takes_output:
            return
        if self._recorder is not None:
            self._recorder("out", kind, message, private)
        self._queue.append(message)
        self._queued += len(message)
        if not self._corks:
            self._wanted.set()

    def power_off(self) -> None:
        """What has not gone out is lost, and so is what is written until `power_on`."""
        self._powered = False
        self._queue.clear()
        self._queued = 0
        self._advanced()

    def power_on(self) -> None:
        """Write again."""
        self._powered = True

    def report(self, message: bytes, *, private: bool = False) -> None:
        """Queue an unsolicited report. `private`: whether it carries data of the user's."""
        self.write(message, Kind.REPORT, private=private)

    @property
    def has_room(self) -> bool:
        """Whether the TX buffer has room."""
        return self._queued < TX_BUFFER

    async def room(self) -> None:
        """Wait until the TX buffer has room; returns at once, without a checkpoint, when it has."""
        while self._queued >= TX_BUFFER and self._port.takes_output:
            await self._progress.park()

    @property
    def is_drained(self) -> bool:
        """Whether every byte has been handed to the client's side, or nobody is there to take any."""
        return not self._queued or not self._port.takes_output

    async def drained(self) -> None:
        """Wait until every byte has been handed to the client's side."""
        while not self.is_drained:
            await self._progress.park()

    def cork(self) -> None:
        """Collect messages until `uncork`, which sends them in one piece; no checkpoint between the two."""
        self._corks += 1

    def uncork(self) -> None:
        """Send what has been collected, unless somebody else goes on collecting."""
        self._corks -= 1
        if not self._corks:
            self.flush()

    def flush(self) -> None:
        """Send what has been collected, at once as far as the client's side takes it."""
        if self._queue:
            self._send()
            if self._queue:
                self._wanted.set()

    async def run(self) -> None:
        """Send messages for ever."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            while self._queue and self._port.takes_output:
                if not self._send():
                    await self._port.wait_writable()

    def _send(self) -> bool:
        """Hand the queue to the port; returns whether it took anything."""
        if not self._port.takes_output:
            return False
        data = self._queue[0] if len(self._queue) == 1 else b"".join(self._queue)
        sent = self._port.send_nowait(data)
        self._queue.clear()
        if sent < len(data):
            self._queue.append(data[sent:])
        self._queued = len(data) - sent
        if sent:
            self._advanced()
        return sent > 0

    def _advanced(self) -> None:
        if self._progress:
            self._progress.unpark_all()
        if self.on_drained is not None and not self._queued:
            then, self.on_drained = self.on_drained, None
            then()

    def _attachment_changed(self) -> None:
        if self._port.attachment is Attachment.LEFT:
            self._queue.clear()
            self._queued = 0
            self._advanced()
        self._wanted.set()
