"""The UART of a module: reads the port and feeds the engine of whatever boot is running.

It outlives boots. While there is no engine (the module is off, boots or sleeps), input is lost as on the wire.
"""

from functools import partial

import trio

from simulator.core.engine import Engine
from simulator.core.line_discipline import LINE_LIMIT
from simulator.core.output import Output, Recorder
from simulator.core.port import Attachment, Port
from simulator.core.serial_line import FACTORY_UART, UartParameters, heard
from simulator.core.trace import Kind


class Uart:
    """The reading side and the writing side of one port."""

    def __init__(self, port: Port, recorder: Recorder | None = None) -> None:
        self.port = port
        self.output = Output(port, recorder)
        self.engine: Engine | None = None
        self.line = FACTORY_UART
        self._listening = trio.Event()

    def set_line(self, parameters: UartParameters) -> None:
        """Run with other parameters from now on."""
        self.output.on_drained = None
        self.line = parameters
        self.port.set_line(parameters)

    def change_line(self, parameters: UartParameters) -> None:
        """Run with other parameters as soon as what has been written is out: a client that has read it may speak."""
        if self.output.is_drained:
            self.set_line(parameters)
        else:
            self.output.on_drained = partial(self.set_line, parameters)

    async def print_at(self, text: bytes, baud_rate: int) -> None:
        """Print at another rate than that of the line, as the ROM of a chip does when it boots.

        Who listens at the line's rate, or at one that nobody knows, gets what a UART makes of it.
        """
        listening = self.port.client_rate
        if not (self.port.paced and listening and self.port.attachment is Attachment.ATTACHED):
            listening = listening or self.line.baud_rate
            self.output.write(heard(text, baud_rate, listening), Kind.REPORT, filtered=False)
            return
        self.port.set_line(self.line._replace(baud_rate=baud_rate))
        self.output.write(text, Kind.REPORT, filtered=False)
        await self.output.drained()
        self.port.set_line(self.line)

    def listen(self) -> None:
        """Take input from now on; what has come before is still in the port."""
        self._listening.set()

    async def run(self) -> None:
        """Read and write for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.output.run)
            nursery.start_soon(self._read)

    async def _to_line_end(self, chunk: bytes) -> bytes:
        """What goes on without a gap is one piece of input."""
        while not chunk.endswith(b"\n") and len(chunk) < LINE_LIMIT:
            more = await self.port.wait_gap(self.port.gap_clock() + self.port.line_gap)
            if not more:
                break
            chunk += more
        return chunk

    async def _read(self) -> None:
        port, output = self.port, self.output
        await self._listening.wait()
        while True:
            deadline = self.engine.deadline if self.engine is not None else None
            if deadline is None:
                chunk = await port.receive_some()
            else:
                # What came in while we were late to look is no silence.
                chunk = await port.wait_gap(deadline) or port.receive_nowait()
            engine = self.engine
            if engine is None:
                continue
            busy = engine.busy
            if port.line_gap and chunk and (busy or engine.refuses(chunk)):
                chunk = await self._to_line_end(chunk)
                if engine is not self.engine:
                    continue
            output.cork()
            try:
                if not chunk:
                    engine.silence()
                elif busy:
                    engine.refuse(chunk)
                else:
                    while chunk:
                        engine.receive(chunk, port.gap_clock())
                        chunk = port.receive_nowait() if engine.takes_more and not port.paced else b""
            finally:
                output.uncork()
            if not engine.takes_data:  # data has no answer: a client that only sends need not read
                await output.room()
            await engine.room()
