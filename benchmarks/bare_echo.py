"""The bare program that `AT` to `OK` is compared with: a trio PTY echo."""

import trio

from benchmarks.bare import open_pty


async def echo() -> None:
    """Send back what comes in."""
    uart = open_pty()
    async for chunk in uart:
        await uart.send_all(chunk)


if __name__ == "__main__":
    trio.run(echo)
