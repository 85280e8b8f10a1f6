"""The client of one transfer: much data one way, or little both ways; prints one figure.

It sends and reads in one loop without blocking, as the other side may print while it takes data. The byte that the
peer answers an upload with is the end of it, so what lies in buffers on the way counts.
"""

import argparse
import os
import select
import statistics
import time
from typing import Final

from benchmarks.client import WARM_UP, Uart, UnexpectedAnswerError, connect
from benchmarks.transfer_data import ARRIVED, DOWNLOAD, UPLOAD, Check, order, piece

CHUNK: Final = 16384
MEGABYTE: Final = 1_000_000
SMALL: Final = bytes(range(0x30, 0x40))


class Reports:
    """The payloads of `+IPD` messages in single mode. Sans-IO."""

    def __init__(self) -> None:
        self.unread = b""

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived; returns the payloads that are complete. Raises UnexpectedAnswerError."""
        text = self.unread + data
        at = 0
        payloads = []
        while (colon := text.find(b":", at, at + 24)) >= 0:
            if text[at : at + 7] != b"\r\n+IPD,":
                raise UnexpectedAnswerError(f"found {text[at : at + 24]!r} instead of +IPD")
            end = colon + 1 + int(text[at + 7 : colon])
            if len(text) < end + 2:
                break
            payloads.append(text[colon + 1 : end])
            at = end + 2
        self.unread = text[at:]
        return b"".join(payloads)


def upload(uart: Uart, count: int, *, long_send: bool) -> float:
    """Megabytes per second to the peer; `long_send`: with one AT+CIPSENDL, else through a pipe."""
    if long_send:
        send(uart, order(UPLOAD, count))
        uart.write(b"AT+CIPSENDL=%d\r\n" % count)
        uart.read_until(b">")
        ends = [b"\r\nSEND OK\r\n", b"\r\n+IPD,1:" + ARRIVED + b"\r\n"]
    else:
        uart.write(order(UPLOAD, count))
        ends = [ARRIVED]
    device = uart.device
    os.set_blocking(device, False)
    poll = select.poll()
    sent = 0
    tail = b""
    begin = time.perf_counter()
    while not all(end in tail for end in ends):
        poll.register(device, select.POLLIN | (select.POLLOUT if sent < count else 0))
        for _, events in poll.poll():
            if events & select.POLLIN:
                tail = (tail + os.read(device, CHUNK))[-200:]
                if b"FAIL" in tail or b"ERROR" in tail or b"busy" in tail:
                    raise UnexpectedAnswerError(f"found {tail!r} in an upload")
            if events & select.POLLOUT:
                sent += os.write(device, piece(sent, min(CHUNK, count - sent)))
    seconds = time.perf_counter() - begin
    if long_send and b"+CIPSENDL:%d,%d\r\n" % (count, count) not in tail:
        raise UnexpectedAnswerError(f"found {tail!r} at the end of an upload")
    return count / seconds / MEGABYTE


def download(uart: Uart, count: int, *, reports: bool) -> float:
    """Megabytes per second from the peer; `reports`: as +IPD, else through a pipe."""
    begin = time.perf_counter()
    if reports:
        send(uart, order(DOWNLOAD, count))
    else:
        uart.write(order(DOWNLOAD, count))
    check = Check()
    messages = Reports()
    while check.count < count:
        data = uart.read()
        check.feed(messages.feed(data) if reports else data)
    seconds = time.perf_counter() - begin
    if check.wrong or check.count > count or messages.unread:
        raise UnexpectedAnswerError("what came is not what the peer has sent")
    return count / seconds / MEGABYTE


def echo(uart: Uart, rounds: int) -> float:
    """Microseconds for a few bytes to the peer and back, the median."""
    times = []
    for _ in range(WARM_UP + rounds):
        begin = time.perf_counter_ns()
        uart.write(SMALL)
        if uart.read_until(SMALL) != SMALL:
            raise UnexpectedAnswerError("the echo is not what has been sent")
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times[WARM_UP:]) / 1000


def send(uart: Uart, data: bytes) -> None:
    """Send to the peer, with one AT+CIPSEND."""
    uart.write(b"AT+CIPSEND=%d\r\n" % len(data))
    uart.read_until(b">")
    uart.write(data)
    uart.read_until(b"\r\nSEND OK\r\n")


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer_client", description="The client of one run.")
    parser.add_argument("what", choices=("upload", "download", "echo"))
    parser.add_argument("path", help="the terminal")
    parser.add_argument("count", type=int, help="bytes; rounds of an echo")
    parser.add_argument(
        "--module", choices=("passthrough", "normal"), help="a module is at the other end, in this mode"
    )
    parser.add_argument("--peer", type=int, default=0, help="the port of the peer")
    parser.add_argument("--kind", choices=("TCP", "SSL"), default="TCP", help="of the module's link")
    parser.add_argument("--baud-rate", type=int, help="of the module, from the beginning of the transfer")
    options = parser.parse_args()
    uart = Uart(options.path)
    normal = options.module == "normal"
    if options.module is not None:
        connect(uart, options.peer, options.kind.encode())
    if options.baud_rate is not None:
        uart.command(b"AT+UART_CUR=%d,8,1,0,3" % options.baud_rate)
    if options.module == "passthrough":
        for line in (b"AT+CIPMODE=1", *([b"AT+TRANSINTVL=0"] if options.what == "echo" else [])):
            uart.command(line)
        uart.write(b"AT+CIPSEND\r\n")
        uart.read_until(b">")
    if options.what == "upload":
        print(upload(uart, options.count, long_send=normal))
    elif options.what == "download":
        print(download(uart, options.count, reports=normal))
    else:
        print(echo(uart, options.count))


if __name__ == "__main__":
    main()
