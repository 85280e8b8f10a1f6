"""The bare program that handshakes are compared with: for each line on a PTY, a TLS connection that it closes again."""

import sys

import trio

from benchmarks.bare import open_pty
from benchmarks.bare_pump import tls_context


async def shake_hands(peer: int) -> None:
    """Do it for ever, with port `peer`."""
    uart = open_pty()
    context = tls_context()
    while await uart.receive_some():
        tcp = await trio.open_tcp_stream("127.0.0.1", peer)
        await trio.SSLStream(tcp, context).do_handshake()
        await tcp.aclose()
        await uart.send_all(b"\r\nOK\r\n")


if __name__ == "__main__":
    trio.run(shake_hands, int(sys.argv[1]))
