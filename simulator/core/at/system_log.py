"""The log of the firmware on UART0, for people: boot text and single lines (ESP-AT User Guide, AT logs).

It is a port of its own, 115200 8N1, and never mixes with that of the commands. Nobody has to be there: what does not
fit into the buffer is lost. What comes in is not looked at.
"""

from typing import NamedTuple

import trio

from espat.core.at.output import Output
from espat.core.ports.port import Port
from espat.core.time.clock import Clock
from espat.core.trace import Kind


class LogTraits(NamedTuple):
    """Of a firmware. `application_start`: milliseconds from reset until the application runs, whose lines count on; as
    boot logs of the ESP32 have it."""

    application_start: int = 676


class SystemLog:
    """Writes the log, or nothing when no port is there for it."""

    def __init__(self, clock: Clock, port: Port | None) -> None:
        self._clock = clock
        self._port = port
        self._output = Output(port) if port is not None else None
        self._reset = 0.0
        self._application_start = LogTraits().application_start

    @property
    def is_read(self) -> bool:
        """Whether there is a port for it."""
        return self._output is not None

    def reset(self, traits: LogTraits) -> None:
        """The chip starts: lines count from now on."""
        self._reset = self._clock.now()
        self._application_start = traits.application_start

    def print(self, text: bytes) -> None:
        """Write text as it is."""
        if self._output is not None and self._output.has_room:
            self._output.write(text, Kind.REPORT)

    def info(self, tag: str, text: str) -> None:
        """Write a line of a part of the firmware."""
        if self._output is not None:
            milliseconds = max(self._application_start, int((self._clock.now() - self._reset) * 1000))
            self.print(f"I ({milliseconds}) {tag}: {text}\r\n".encode())

    async def run(self) -> None:
        """Send for ever, and pass over what comes in."""
        if self._output is None or self._port is None:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._output.run)
            while True:
                await self._port.receive_some()
