"""The bare program that transfers are compared with: it pumps between a PTY and a TCP connection, both ways."""

import sys

import trio

from benchmarks.bare import open_pty

CHUNK = 65536


async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
    """Hand on what comes in."""
    while data := await source.receive_some(CHUNK):
        await sink.send_all(data)


async def both_ways(peer: int) -> None:
    """Connect to port `peer` and pump for ever."""
    uart = open_pty()
    tcp = await trio.open_tcp_stream("127.0.0.1", peer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump, uart, tcp)
        nursery.start_soon(pump, tcp, uart)


if __name__ == "__main__":
    trio.run(both_ways, int(sys.argv[1]))
