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


CTS: Final = 2
"""Bit of the flow control."""
FACTORY_UART: Final = UartParameters(115200, 8, 1, 0, 1)
TOLERANCE: Final = 0.03
"""How far two rates may be apart, as a part of the receiver's, for bytes to arrive as they were sent: what data sheets
of UARTs allow for. The error adds up over the ten bits of a byte."""


def rates_differ(one: int, other: int) -> bool:
    """Whether bytes sent at one rate do not arrive at the other; 0 is one that nobody has set, which fits any."""
    return bool(one and other) and abs(one - other) > TOLERANCE * other


def heard(data: bytes, sent_rate: int, heard_rate: int) -> bytes:
    """What a UART at `heard_rate` receives when `data` is sent without gaps at `sent_rate`, both 8N1.

    It waits for a falling edge, samples eight bits in their middles and the stop bit, and waits for the next edge;
    bytes whose stop bit is missing are delivered too.
    """
    if not rates_differ(sent_rate, heard_rate):
        return data
    levels = b"\1" + b"".join(_FRAMES[byte] for byte in data)
    bit = sent_rate / heard_rate  # the receiver's, in bits of the sender
    received = bytearray()
    edge = levels.find(_FALL)
    while edge >= 0:
        start = edge + 1
        received.append(sum(_level(levels, start + (1.5 + place) * bit) << place for place in range(8)))
        edge = levels.find(_FALL, int(start + 9.5 * bit))
    return bytes(received)


_FALL: Final = b"\1\0"
_FRAMES: Final = tuple(bytes([0, *(byte >> place & 1 for place in range(8)), 1]) for byte in range(256))
"""The levels of a byte on the line: start bit, data from the lowest bit, stop bit."""


def _level(levels: bytes, at: float) -> int:
    return levels[int(at)] if at < len(levels) else 1
