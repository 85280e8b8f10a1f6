"""A serial line: its parameters, how long a byte takes, what a receiver at another rate makes of it. Sans-IO."""

from typing import Final, NamedTuple


class UartParameters(NamedTuple):
    """The parameters of AT+UART_CUR and AT+UART_DEF, in their order.

    `baud_rate`: bits per second. `stop_bits`: 1 one, 2 one and a half, 3 two. `parity`: 0 none, 1 odd, 2 even.
    `flow_control`: 0 none, 1 RTS, 2 CTS, 3 both.
    """

    baud_rate: int
    data_bits: int
    stop_bits: int
    parity: int
    flow_control: int

    @property
    def frame_time(self) -> float:
        """Seconds one byte takes: start bit, data bits, parity bit, stop bits."""
        bits = 1 + self.data_bits + (self.parity > 0) + (self.stop_bits + 1) / 2
        return bits / self.baud_rate

    @property
    def obeys_cts(self) -> bool:
        """Whether the module stops sending when the client is not ready for it."""
        return bool(self.flow_control & CTS)


RTS: Final = 1
CTS: Final = 2
"""Bits of the flow control."""
FACTORY_UART: Final = UartParameters(115200, 8, 1, 0, 1)
TOLERANCE: Final = 0.03
"""How far two rates may be apart, as a part of the receiver's, for bytes to arrive as they were sent: what data sheets
of UARTs allow for. The error adds up over the ten bits of a byte."""


def rates_differ(one: int, other: int) -> bool:
    """Whether bytes sent at one rate do not arrive at the other; 0 is one that nobody has set, which fits any."""
    return bool(one and other) and abs(one - other) > TOLERANCE * other


class Receiver:
    """A UART that listens to one which sends at another rate, both 8N1.

    It waits for a falling edge, samples eight bits in their middles and the stop bit, and waits for the next edge;
    bytes whose stop bit is missing are delivered too.
    """

    def __init__(self, sent_rate: int, heard_rate: int) -> None:
        self.rates = sent_rate, heard_rate
        self._bit = sent_rate / heard_rate  # its own, in bits of the sender
        self._levels = _IDLE  # that have not been heard yet

    def hear(self, data: bytes, *, last: bool) -> bytes:
        """What it has received when `data` has been sent, without a gap behind what was sent before. `last`: whether
        the line falls silent behind it."""
        levels = self._levels + b"".join(_FRAMES[byte] for byte in data)
        received = bytearray()
        done = 0
        while (edge := levels.find(_FALL, done)) >= 0:
            start = edge + 1
            done = int(start + 9.5 * self._bit)
            if done >= len(levels) and not last:
                break
            samples = (int(start + (1.5 + place) * self._bit) for place in range(8))
            bits = (levels[at] if at < len(levels) else 1 for at in samples)
            received.append(sum(bit << place for place, bit in enumerate(bits)))
        self._levels = _IDLE if last else levels[edge:] if edge >= 0 else levels[-1:]
        return bytes(received)


def heard(data: bytes, sent_rate: int, heard_rate: int) -> bytes:
    """What arrives at `heard_rate` when `data` is sent by itself at `sent_rate`."""
    return Receiver(sent_rate, heard_rate).hear(data, last=True) if rates_differ(sent_rate, heard_rate) else data


_IDLE: Final = b"\1"
_FALL: Final = b"\1\0"
_FRAMES: Final = tuple(bytes([0, *(byte >> place & 1 for place in range(8)), 1]) for byte in range(256))
"""The levels of a byte on the line: start bit, data from the lowest bit, stop bit."""
