"""What the bare programs stand on: a PTY as a trio stream."""

import os
import tty

import trio


def open_pty() -> trio.lowlevel.FdStream:
    """Open a raw PTY, say on stdout where, and return its master's side. The slave is held open to the end."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stream = trio.lowlevel.FdStream(master)
    print(os.ttyname(slave), flush=True)
    return stream
