"""The bare program that an exchange is compared with: it knows CIPSEND, and nothing else.

It has no tasks, no other command, no errors, and takes for granted that the echo comes back at once.
"""

import sys

import trio

from benchmarks.bare import open_pty


async def exchanges(peer: int) -> None:
    """Serve one exchange after the other, over a connection to the echo at port `peer`."""
    uart = open_pty()
    tcp = await trio.open_tcp_stream("127.0.0.1", peer)
    while True:
        line = b""
        while not line.endswith(b"\r\n"):
            line += await uart.receive_some()
        count = int(line.partition(b"=")[2])
        await uart.send_all(b"\r\nOK\r\n\r\n>")
        payload = b""
        while len(payload) < count:
            payload += await uart.receive_some()
        await tcp.send_all(payload)
        await uart.send_all(b"\r\nRecv %d bytes\r\n\r\nSEND OK\r\n" % count)
        echoed = b""
        while len(echoed) < count:
            echoed += await tcp.receive_some()
        await uart.send_all(b"\r\n+IPD,%d:%b\r\n" % (count, echoed))


if __name__ == "__main__":
    trio.run(exchanges, int(sys.argv[1]))
