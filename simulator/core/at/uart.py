"""The UART of a module: what the engine of whatever boot is running reads and writes through.

It outlives boots. While there is no engine (the module is off, boots or sleeps), input is lost as on the wire.
"""

from functools import partial

import trio

from espat.core.at.engine import Engine
from espat.core.at.line_discipline import LINE_LIMIT
from espat.core.at.output import Output, Recorder
from espat.core.ports.port import Attachment, Port
from espat.core.ports.serial_line import FACTORY_UART, UartParameters, heard
from espat.core.trace import Kind


class Uart:
    """The reading side and the writing side of one port. `turn`: the task that reads the port holds it."""

    def __init__(self, port: Port, recorder: Recorder | None = None) -> None:
        self.port = port
        self.output = Output(port, recorder)
        self.line = FACTORY_UART
        self.turn = trio.Lock()
        self._engine: Engine | None = None
        self._listening = trio.Event()
        self._losing = trio.CancelScope()  # in it input is read that is for nobody
        self._detached = trio.Event()

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

    def attach(self, engine: Engine) -> None:
        """Input is for this engine from now on; its workers call `read`."""
        self._engine = engine
        self._losing.cancel()

    def detach(self) -> None:
        """Input is lost from now on."""
        self._engine = None
        self._detached.set()

    async def run(self) -> None:
        """Write, and lose input that is for nobody, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.output.run)
            nursery.start_soon(self._lose)

    async def _lose(self) -> None:
        """Read, whenever there is no engine, what is for nobody."""
        await self._listening.wait()
        while True:
            async with self.turn:
                with trio.CancelScope() as self._losing:
                    while self._engine is None:
                        await self.port.receive_some()
            await self._detached.wait()
            self._detached = trio.Event()

    async def _to_line_end(self, chunk: bytes) -> bytes:
        """What goes on without a gap is one piece of input."""
        while not chunk.endswith(b"\n") and len(chunk) < LINE_LIMIT:
            more = await self.port.wait_gap(self.port.gap_clock() + self.port.line_gap)
            if not more:
                break
            chunk += more
        return chunk

    async def read(self) -> None:
        """Wait for a piece of input and give it to the engine; whoever calls this holds the turn.

        While a client does not read, nothing of it is read either: its answers have no room. Data has no answer.
        """
        port = self.port
        self.output.flush()
        engine = self._engine
        if engine is None:
            await port.receive_some()
            return
        if not engine.takes_data:
            await self.output.room()
        await engine.room()
        if engine.deadline is None:
            chunk = await port.receive_some()
        else:
            # What came in while we were late to look is no silence.
            chunk = await port.wait_gap(engine.deadline) or port.receive_nowait()
        busy = engine.busy
        if port.line_gap and chunk and (busy or engine.refuses(chunk)):
            chunk = await self._to_line_end(chunk)
        if engine is not self._engine:
            return
        if not chunk:
            engine.silence()
        elif busy:
            engine.refuse(chunk)
        while chunk and not busy:
            engine.receive(chunk, port.gap_clock())
            chunk = port.receive_nowait() if engine.takes_more and not port.paced else b""
