"""Terminal programs as people use them, with the settings of the README."""

import os
import select
import subprocess
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.programs import need_program

pytestmark = pytest.mark.peers

PATIENCE = 30.0
"""Seconds until a test gives up."""


class Keyboard:
    """A terminal with a program in it: what is typed, and what stands on the screen."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.screen = b""

    def type(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def wait_for(self, text: bytes) -> None:
        """Wait until the screen has shown a text since the last time something was waited for."""
        end = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert select.select([self._descriptor], [], [], max(0.0, end - time.monotonic()))[0], self.screen
            self.screen += os.read(self._descriptor, 4096)
        self.screen = self.screen.partition(text)[2]


@contextmanager
def terminal(*command: str) -> Iterator[Keyboard]:
    """Run a program in a terminal of its own."""
    keyboard, screen = os.openpty()
    tty.setraw(screen)
    program = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env={**os.environ, "TERM": "vt100"},
    )
    os.close(screen)
    try:
        yield Keyboard(keyboard)
    finally:
        program.terminate()
        program.wait()
        os.close(keyboard)


def test_picocom(start: Start) -> None:
    picocom = need_program("picocom", "picocom")
    port = str(start().port())
    with terminal(picocom, "-b", "115200", "--omap", "crcrlf", port) as keyboard:
        keyboard.wait_for(b"Terminal ready")
        keyboard.wait_for(b"\r\nready\r\n")
        keyboard.type(b"AT+CWMODE?\r")
        keyboard.wait_for(b"AT+CWMODE?\r\n+CWMODE:0\r\n\r\nOK\r\n")
        keyboard.type(b"\x01\x18")  # Ctrl-A Ctrl-X


def test_screen(start: Start) -> None:
    screen = need_program("screen", "screen")
    with terminal(screen, str(start().port()), "115200") as keyboard:
        keyboard.wait_for(b"ready")
        keyboard.type(b"AT+CWMODE?\r\n")  # Enter, Ctrl-J
        keyboard.wait_for(b"+CWMODE:0")
        keyboard.wait_for(b"OK")
        keyboard.type(b"\x01ky")  # Ctrl-A k y: end the window, and with it screen


def test_screen_with_the_line_of_the_readme(start: Start, tmp_path: Path) -> None:
    screen = need_program("screen", "screen")
    (tmp_path / "at.screenrc").write_text("bindkey ^M stuff ^M^J\n")
    with terminal(screen, "-c", str(tmp_path / "at.screenrc"), str(start().port()), "115200") as keyboard:
        keyboard.wait_for(b"ready")
        keyboard.type(b"AT+CWMODE?\r")
        keyboard.wait_for(b"+CWMODE:0")
        keyboard.wait_for(b"OK")
        keyboard.type(b"\x01ky")
