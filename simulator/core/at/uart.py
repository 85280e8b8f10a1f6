"""The UART of a module: what the engine of whatever boot is running reads and writes through.

It outlives boots. While there is no reader (the module is off, boots or sleeps), input is lost as on the wire.
"""

from functools import partial

import trio

from espat.core.at.output import Output, Recorder
from espat.core.ports.port import Attachment, Port
from espat.core.ports.serial_line import FACTORY_UART, UartParameters, heard
from espat.core.trace import Kind


class Uart:
    """The reading side and the writing side of one port.

    `turn`: the task that reads the port holds it. `reader`: who reads it, None when what comes in is for nobody.
    """

    def __init__(self, port: Port, recorder: Recorder | None = None) -> None:
        self.port = port
        self.output = Output(port, recorder)
        self.line = FACTORY_UART
        self.turn = trio.Lock()
        self.reader: object | None = None
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

    def attach(self, reader: object) -> None:
        """What comes in is for this reader from now on."""
        self.reader = reader
        self._losing.cancel()

    def detach(self) -> None:
        """Input is lost from now on."""
        self.reader = None
        self._detached.set()

    async def lose(self) -> None:
        """Read, whenever there is no reader, what is for nobody, for ever."""
        await self._listening.wait()
        while True:
            async with self.turn:
                with trio.CancelScope() as self._losing:
                    while self.reader is None:
                        await self.port.receive_some()
            await self._detached.wait()
            self._detached = trio.Event()
