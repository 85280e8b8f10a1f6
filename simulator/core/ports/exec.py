"""A port that is a program: its standard input and output are the wire, on a terminal of its own.

Or, where `{port}` stands in the command, a serial device whose path the program is given: QEMU, for one, switches
output translation on at its own terminal, so that the module would get CR CR LF.

What it prints on standard error goes where the simulator's goes. When it ends, whoever opened the port is told its
exit code.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio
from ptyprocess import PtyProcess

from espat.core.ports.inotify import DeviceWatcher
from espat.core.ports.opener import PortOpener
from espat.core.ports.port import Attachment, PortError
from espat.core.ports.pty import PtyPort
from espat.core.ports.terminal import Spawn, TerminalPort, make_serial

STANDARD_INPUT, STANDARD_ERROR = 0, 2
KILLED: Final = 128
"""Added to the number of the signal that ended a program, as shells do."""
DEVICE: Final = "{port}"
"""In a command: the path of a serial device."""
PATIENCE: Final = 0.5
"""Seconds a program has to end by itself."""


async def _wait_for_end(pid: int) -> None:
    """Wait until a child process has ended; its exit code is still to be asked for."""
    process = os.pidfd_open(pid)
    try:
        await trio.lowlevel.wait_readable(process)
    finally:
        os.close(process)


class ExecPort(TerminalPort):
    """A child process whose controlling terminal is the client's end of the wire."""

    def __init__(self, command: str, spawn: Spawn, ended: Callable[[int], None]) -> None:
        """Start a program. `command`: its name and arguments, quoted as for a shell; no shell is between. `ended` is
        told its exit code. Raises PortError."""
        self._process = _start(command)
        super().__init__(self._process.fd, spawn)
        self.announcement = f"runs {command}"
        self._ended = ended
        spawn(self._wait)
        self._expect_set_up()

    async def receive_some(self) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._master)
            try:
                chunk = super().receive_nowait()
            except OSError:  # nobody has the other end any more
                await trio.sleep_forever()
            if chunk:
                return chunk

    def receive_nowait(self) -> bytes:
        try:
            return super().receive_nowait()
        except OSError:
            return b""

    def send_nowait(self, data: bytes) -> int:
        try:
            return super().send_nowait(data)
        except OSError:
            return len(data)

    def close(self) -> None:
        """End the program, with SIGHUP as one whose terminal goes away, and SIGKILL if it must be."""
        trio.lowlevel.notify_closing(self._master)
        self._process.close()

    async def _wait(self) -> None:
        await _wait_for_end(self._process.pid)
        self._process.wait()
        self.set_attachment(Attachment.LEFT)
        status = self._process.exitstatus
        self._ended(status if status is not None else KILLED + self._process.signalstatus)


class DevicePort(PtyPort):
    """A serial device, and a program that is told its path."""

    def __init__(self, command: str, opener: PortOpener) -> None:
        """Start a program. `command`: as that of ExecPort, with `{port}` where the path goes. Raises PortError."""
        self._folder = TemporaryDirectory(prefix="espat-")
        super().__init__(Path(self._folder.name) / "uart", opener.service(DeviceWatcher), opener.spawn)
        try:
            words = [word.replace(DEVICE, str(self.link)) for word in shlex.split(command)]
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), start_new_session=True
            )
        except (OSError, ValueError) as error:
            super().close()
            self._folder.cleanup()
            raise PortError(f"cannot run {command!r}: {error}") from error
        self.announcement = f"runs {command}"
        self._ended = opener.ended
        opener.spawn(self._wait)

    def close(self) -> None:
        """End the program, with SIGHUP and SIGKILL if it must be, and remove the device."""
        for number in (signal.SIGHUP, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
        super().close()
        self._folder.cleanup()

    async def _wait(self) -> None:
        await _wait_for_end(self._process.pid)
        code = self._process.wait()
        self._ended(code if code >= 0 else KILLED - code)


def open_port(place: str, opener: PortOpener) -> "ExecPort | DevicePort":
    """The port of `exec:PLACE`. Raises PortError."""
    if DEVICE in place:
        return DevicePort(place, opener)
    return ExecPort(place, opener.spawn, opener.ended)


def _start(command: str) -> PtyProcess:
    errors = os.dup(sys.stderr.fileno())

    def prepare() -> None:  # in the child, before it becomes the program
        make_serial(STANDARD_INPUT)
        os.dup2(errors, STANDARD_ERROR)
        os.close(errors)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores

    try:
        words = shlex.split(command)
        if not words:
            raise ValueError("there is no command")
        return PtyProcess.spawn(words, preexec_fn=prepare, pass_fds=(errors,))
    except (OSError, ValueError) as error:
        raise PortError(f"cannot run {command!r}: {error}") from error
    finally:
        os.close(errors)
