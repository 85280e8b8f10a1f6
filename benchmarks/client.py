"""The client at the UART: blocking reads and writes on a terminal, nothing between.

`python -m benchmarks.client` is the client of one run, in a process of its own and the same for the bare programs and
for the simulator; it prints one figure.
"""

import argparse
import os
import statistics
import time
import tty
from typing import Final

READ_SIZE: Final = 4096
WARM_UP: Final = 200
"""Rounds before the measured ones."""
PAYLOAD: Final = bytes(range(0x20, 0x60)) * 16
ERRORS: Final = (b"ERROR\r\n", b"FAIL\r\n", b"busy p...\r\n")
SEND: Final = b"AT+CIPSEND=%d\r\n" % len(PAYLOAD)


class UnexpectedAnswerError(Exception):
    """The other side says something that does not belong to a benchmark."""


class Uart:
    """A terminal, raw, opened as a firmware under test opens its port."""

    def __init__(self, path: str) -> None:
        self.device = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.device)
        self._unread = b""

    def close(self) -> None:
        """Close the terminal."""
        os.close(self.device)

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        sent = os.write(self.device, data)
        while sent < len(data):
            sent += os.write(self.device, data[sent:])

    def read(self, most: int = READ_SIZE) -> bytes:
        """What has been left unread, or the next that comes, of which `most`."""
        data, self._unread = self._unread, b""
        return data or os.read(self.device, most)

    def read_until(self, end: bytes) -> bytes:
        """Everything up to and including `end`. Raises UnexpectedAnswerError when an error comes instead."""
        data = self.read()
        while end not in data:
            if data.endswith(ERRORS):
                raise UnexpectedAnswerError(f"found {data!r} instead of {end!r}")
            data += os.read(self.device, READ_SIZE)
        at = data.index(end) + len(end)
        self._unread = data[at:]
        return data[:at]

    def command(self, line: bytes) -> None:
        """Send a command line and wait for its OK. Raises UnexpectedAnswerError for any other end."""
        self.write(line + b"\r\n")
        self.read_until(b"\r\nOK\r\n")


class Exchange:
    """What comes back of one CIPSEND: SEND OK, and the payload in one +IPD or several, in any order. Sans-IO."""

    def __init__(self) -> None:
        self._unread = b""
        self._sent = False
        self._payload = b""

    def feed(self, data: bytes) -> bool:
        """Take what has arrived; returns whether the exchange is complete. Raises UnexpectedAnswerError."""
        text = self._unread + data
        while (text := text.lstrip(b" \r\n")) and (end := self._end(text)):
            text = text[end:]
        self._unread = text
        if len(self._payload) < len(PAYLOAD) or not self._sent:
            return False
        if text or self._payload != PAYLOAD:
            raise UnexpectedAnswerError("the echo is not what has been sent")
        return True

    def _end(self, text: bytes) -> int:
        """Where the message that begins here ends, 0 when not all of it has come."""
        if text.startswith(b"+IPD,"):
            header, colon, rest = text.partition(b":")
            count = int(header[5:]) if colon else 0
            if not colon or len(rest) < count:
                return 0
            self._payload += rest[:count]
            return len(header) + 1 + count  # what stands behind it depends on the dialect
        end = text.find(b"\r\n")
        if end >= 0 and text[:end] == b"SEND OK":
            self._sent = True
        elif end >= 0 and not text.startswith(b"Recv "):
            raise UnexpectedAnswerError(f"found {text[:end]!r} in an exchange")
        return end + 2 if end >= 0 else 0


def set_up(peer: int, kind: bytes = b"TCP") -> list[bytes]:
    """The commands that bring a module that has just booted to an open connection to a port of this machine."""
    join = b'AT+CWJAP="espressif","1234567890"'
    return [b"ATE0", b"AT+CWMODE=1", join, b'AT+CIPSTART="%b","127.0.0.1",%d' % (kind, peer)]


def connect(uart: Uart, peer: int, kind: bytes = b"TCP") -> None:
    """Wait for a module to boot, and bring it to an open connection."""
    uart.read_until(b"ready\r\n")
    for line in set_up(peer, kind):
        uart.command(line)


def exchange(uart: Uart) -> None:
    """Send 1024 bytes to the peer and take back what it returns."""
    uart.write(SEND)
    uart.read_until(b">")
    uart.write(PAYLOAD)
    coming = Exchange()
    while not coming.feed(uart.read()):
        pass


def round_trip_time(uart: Uart, rounds: int, end: bytes) -> float:
    """Microseconds from `AT` to the end of its answer, the median."""
    times = []
    for _ in range(WARM_UP + rounds):
        begin = time.perf_counter_ns()
        uart.write(b"AT\r\n")
        uart.read_until(end)
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times[WARM_UP:]) / 1000


def exchange_rate(uart: Uart, rounds: int) -> float:
    """Exchanges per second, over all rounds together."""
    for _ in range(WARM_UP):
        exchange(uart)
    begin = time.perf_counter()
    for _ in range(rounds):
        exchange(uart)
    return rounds / (time.perf_counter() - begin)


def handshake_rate(uart: Uart, rounds: int, peer: int, *, module: bool) -> float:
    """TLS connections opened and closed again, per second; `peer`: the port of it."""
    lines = [b"AT"]  # the bare program opens and closes one for each
    if module:
        connect(uart, peer, b"SSL")
        lines = [b"AT+CIPCLOSE", set_up(peer, b"SSL")[-1]]
    for at in range(WARM_UP // 10 + rounds):
        if at == WARM_UP // 10:
            begin = time.perf_counter()
        for line in lines:
            uart.command(line)
    return rounds / (time.perf_counter() - begin)


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description="The client of one run.")
    parser.add_argument("what", choices=("round-trip", "exchange", "handshake"))
    parser.add_argument("path", help="the terminal")
    parser.add_argument("rounds", type=int)
    parser.add_argument("--module", action="store_true", help="a module is at the other end, not a bare program")
    parser.add_argument("--peer", type=int, default=0, help="the port of the peer")
    options = parser.parse_args()
    uart = Uart(options.path)
    if options.what == "round-trip":
        if options.module:
            uart.read_until(b"ready\r\n")
        print(round_trip_time(uart, options.rounds, b"\r\nOK\r\n" if options.module else b"AT\r\n"))
    elif options.what == "handshake":
        print(handshake_rate(uart, options.rounds, options.peer, module=options.module))
    else:
        if options.module:
            connect(uart, options.peer)
        print(exchange_rate(uart, options.rounds))


if __name__ == "__main__":
    main()
