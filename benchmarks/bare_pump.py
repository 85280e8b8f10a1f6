"""The bare program that transfers are compared with: it pumps between a PTY and a TCP connection, both ways.

With `tls` behind the port, it speaks TLS over it, and verifies nothing.
"""

import ssl
import sys

import trio

from benchmarks.bare import open_pty

CHUNK = 65536


async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
    """Hand on what comes in."""
    while data := await source.receive_some(CHUNK):
        await sink.send_all(data)


def tls_context() -> ssl.SSLContext:
    """A client that verifies nothing, in TLS 1.2 as the module."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def both_ways(peer: int, kind: str) -> None:
    """Connect to port `peer` and pump for ever."""
    uart = open_pty()
    network: trio.abc.Stream = await trio.open_tcp_stream("127.0.0.1", peer)
    if kind == "tls":
        network = trio.SSLStream(network, tls_context())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump, uart, network)
        nursery.start_soon(pump, network, uart)


if __name__ == "__main__":
    trio.run(both_ways, int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "tcp")
