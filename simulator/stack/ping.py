"""Asking a host of the real network whether it is there.

ICMP as far as this system lets an ordinary program (ping_group_range) or root; elsewhere a TCP connection attempt,
which tells a host that is there, whether it accepts or refuses, from one that is not.
"""

import errno
import struct
from typing import Final

import trio
from trio import socket

from espat.stack.address import Address

ECHO_REQUEST, ECHO_REPLY = 8, 0
PROBE_PORT: Final = 7
_HEADER: Final = struct.Struct("!BBHHH")


async def answers(address: Address) -> bool:
    """Whether a host answers; waits for ever if it does not, so give it a time limit."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
        except OSError:  # not allowed, or there is none
            continue
        with sock:
            return await _ask(sock, str(address))
    return await _probe(str(address))


async def _ask(sock: socket.SocketType, address: str) -> bool:
    request = _HEADER.pack(ECHO_REQUEST, 0, 0, 1, 1)
    request = _HEADER.pack(ECHO_REQUEST, 0, _checksum(request), 1, 1)
    try:
        await sock.sendto(request, (address, 0))
        while True:
            packet, (sender, _) = await sock.recvfrom(1500)
            header = packet if sock.type == socket.SOCK_DGRAM else packet[(packet[0] & 15) * 4 :]
            if sender == address and header[:1] == bytes([ECHO_REPLY]):
                return True
    except OSError:
        return False


async def _probe(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            await sock.connect((address, PROBE_PORT))
    except OSError as error:
        refused: bool = error.errno == errno.ECONNREFUSED
        return refused
    return True


def _checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


async def round_trip(address: Address) -> int:
    """Milliseconds until a host answers, at least 1; waits for ever if it does not."""
    began = trio.current_time()
    if not await answers(address):
        await trio.sleep_forever()
    took: float = trio.current_time() - began
    return max(1, round(took * 1000))
