"""A flood: 100 MB from the network to a module whose client at the UART reads nothing at first, then slowly.

What the module holds meanwhile is bounded: the peer has to wait. Every byte is compared in the end.
"""

import time
from typing import Final

from benchmarks.client import Uart, connect
from benchmarks.figure import Goal, Row
from benchmarks.footprint import KIB, resident_memory
from benchmarks.processes import bare_program, simulator
from benchmarks.transfer_client import Reports, send
from benchmarks.transfer_data import DOWNLOAD, Check, order

FLOOD: Final = 100_000_000
WARM_UP: Final = 2_000_000
"""Bytes that come before memory is looked at: buffers and code that any transfer needs."""
SILENCE: Final = 3.0
"""Seconds in which the client reads nothing."""
SLOW_READS: Final = 2000
SLOW_SIZE: Final = 64
"""Bytes of a slow read."""
LOOK: Final = 1_000_000
"""Bytes between two looks at the memory."""
GROWTH_LIMIT: Final = 1024
"""KiB. A module that kept what it cannot get rid of would grow by as much as its sockets let through: megabytes."""


def measure() -> list[Row]:
    """The largest growth of the process, at any time of the flood."""
    with bare_program("transfer_peer") as peer, simulator() as server:
        uart = Uart(server.at)
        connect(uart, int(peer.at))
        receive(uart, WARM_UP, server.pid)
        before = resident_memory(server.pid)
        growth = (receive(uart, FLOOD, server.pid, slowly=True) - before) / KIB
        uart.close()
    return [Row("flood", "growth in a flood of 100 MB", "KiB", growth, goal=Goal(GROWTH_LIMIT, on_ratio=False))]


def receive(uart: Uart, count: int, pid: int, *, slowly: bool = False) -> int:
    """Take so many bytes from the peer as +IPD; returns the most memory of the process meanwhile."""
    send(uart, order(DOWNLOAD, count))
    if slowly:
        time.sleep(SILENCE)
    most = resident_memory(pid)
    check, messages = Check(), Reports()
    reads = SLOW_READS if slowly else 0
    next_look = 0
    while check.count < count:
        check.feed(messages.feed(uart.read(SLOW_SIZE) if reads else uart.read()))
        reads -= reads > 0
        if check.count >= next_look:
            next_look += LOOK
            most = max(most, resident_memory(pid))
    if check.wrong or check.count > count or messages.unread:
        raise RuntimeError("what came is not what the peer has sent")
    return max(most, resident_memory(pid))
