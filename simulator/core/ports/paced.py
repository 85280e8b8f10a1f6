"""A port whose bytes take the time they take on a wire, at the baud rate of the module's UART.

Time is the module's. Towards the client, bytes are handed over about every millisecond, when they have passed the wire.
Towards the module they come as its UART hands them over: when its FIFO is filled as far as its threshold or has nothing
more coming in. If the client has set another rate than the module's, each side receives what a UART makes of that.

Flow control: a client that does not read in time loses what the port cannot hold for it, unless the module's UART obeys
CTS; then it stops sending until the client is ready. The other way the client always waits.
"""

from contextlib import AbstractContextManager
from typing import Final

import trio

from espat.core.ports.port import Attachment, Port
from espat.core.ports.serial_line import FACTORY_UART, Receiver, UartParameters, heard, rates_differ
from espat.core.time.clock import Clock

BLOCK_TIME: Final = 0.001
"""Seconds of the wire in one block."""
FIFO_THRESHOLD: Final = 120
SILENT_FRAMES: Final = 10
"""When the UART hands over what it has received: at so many bytes, and after silence as long as so many (ESP-IDF, UART
driver)."""
ROUNDING: Final = 1e-6
"""Part of a byte by which a time may fall short of its end."""
REPORT_INTERVAL: Final = 1.0
"""Seconds between two reports of a loss that goes on."""


class PacedPort(Port):
    """A port behind a wire."""

    paced = True

    def __init__(self, port: Port, clock: Clock) -> None:
        """`port`: what is at the other end of the wire. `clock`: of the module."""
        super().__init__()
        self.announcement = port.announcement
        self.is_device = port.is_device
        self.attachment = port.attachment
        self.takes_output = port.takes_output
        self.first_attached = port.first_attached
        self._port = port
        self._clock = clock
        self._line = FACTORY_UART
        port.on_attachment = self._attachment_changed
        # Towards the client
        self._sending = False
        self._sent_until = 0.0  # when the last byte had passed the wire
        self._waiting = 0  # bytes that were offered and have not passed
        self._held_up = False  # by a client that is not ready
        self._receiver: Receiver | None = None  # of a client that has set another rate
        # Towards the module
        self._incoming = bytearray()  # on the wire, or passed and not handed over
        self._incoming_since = 0.0  # when the first of them began
        self._silent_at = 0.0  # when there was nothing to take from the client
        # Losses
        self._lost = 0
        self._lost_since = 0.0

    @property
    def client_rate(self) -> int:
        return self._port.client_rate

    def set_line(self, parameters: UartParameters) -> None:
        self._line = parameters

    def gap_clock(self) -> float:
        return self._port.gap_clock()

    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return self._port.gap_limit(seconds)

    def close(self) -> None:
        self._report_loss()
        self._port.close()

    # Towards the client

    def send_nowait(self, data: bytes) -> int:
        now = self._clock.now()
        if not self._sending:
            self._sending = True
            self._sent_until = max(self._sent_until, now)
        frame = self._line.frame_time
        count = min(len(data), int((now - self._sent_until) / frame + ROUNDING))
        if count and count >= min(len(data), int(BLOCK_TIME / frame)):
            self._sent_until += count * frame
            count = self._hand_over(data[:count], last=count == len(data))
        else:
            count = 0
        self._waiting = len(data) - count
        self._sending = self._waiting > 0 and not self._held_up
        return count

    async def wait_writable(self) -> None:
        if self._held_up:
            await self._port.wait_writable()
            self._held_up = False
        else:
            frame = self._line.frame_time
            await self._clock.sleep_until(self._sent_until + max(frame, min(BLOCK_TIME, self._waiting * frame)))

    def _hand_over(self, block: bytes, *, last: bool) -> int:
        """Give the client what has passed the wire; returns how much of it the module need not send again.

        `last`: whether the line falls silent then.
        """
        passed = self._heard_by_client(block, last=last)
        taken = self._port.send_nowait(passed)
        if taken == len(passed):
            self._report_loss()
        elif self._line.obeys_cts:
            self._held_up = True
            return min(taken, len(block))
        else:
            self._lose(len(passed) - taken)
            if last:
                self._report_loss()
        return len(block)

    def _heard_by_client(self, block: bytes, *, last: bool) -> bytes:
        rates = self._line.baud_rate, self.client_rate
        if not rates_differ(*rates):
            self._receiver = None
            return block
        if self._receiver is None or self._receiver.rates != rates:
            self._receiver = Receiver(*rates)
        return self._receiver.hear(block, last=last)

    def _lose(self, count: int) -> None:
        if not self._lost:
            self._lost_since = self._clock.now()
        self._lost += count
        if self._clock.now() - self._lost_since >= REPORT_INTERVAL:
            self._report_loss()

    def _report_loss(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self.on_loss(f"{lost} bytes lost: the client is slower than the UART")

    # Towards the module

    async def receive_some(self) -> bytes:
        while True:
            if not self._incoming and not self._take():
                chunk = await self._port.receive_some()
                self._silent_at = self._clock.now()
                self._add(chunk)
            frame = self._line.frame_time
            threshold = max(FIFO_THRESHOLD, int(BLOCK_TIME / frame))
            count = min(len(self._incoming), threshold)
            silence = 0 if count == threshold else SILENT_FRAMES
            await self._clock.sleep_until(self._incoming_since + (count + silence) * frame)
            if count and (count == threshold or not self._take()):
                return self._arrived()

    def receive_nowait(self) -> bytes:
        if not self._incoming:
            self._take()
        return self._arrived()

    def _take(self) -> bool:
        """Take what the client has sent; False when there is nothing."""
        chunk = self._port.receive_nowait()
        if chunk:
            self._add(chunk)
        else:
            self._silent_at = self._clock.now()
        return bool(chunk)

    def _add(self, chunk: bytes) -> None:
        if not self._incoming:
            self._incoming_since = max(self._incoming_since, self._silent_at)
        self._incoming += heard(chunk, self.client_rate, self._line.baud_rate)

    def _arrived(self) -> bytes:
        """All that has passed the wire."""
        frame = self._line.frame_time
        count = max(0, int((self._clock.now() - self._incoming_since) / frame + ROUNDING))
        chunk = bytes(self._incoming[:count])
        del self._incoming[:count]
        self._incoming_since += len(chunk) * frame
        return chunk

    def _attachment_changed(self) -> None:
        if self._port.attachment is not Attachment.ATTACHED:
            self._report_loss()
            self._sending = self._held_up = False
        self.set_attachment(self._port.attachment)
