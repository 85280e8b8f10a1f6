"""`espat run` as a process of its own, and a client of the serial ports it serves."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import serial

ROOT: Final = Path(__file__).parents[2]
LIMIT: Final = 30.0
"""Seconds after which something that ought to happen has failed to. Nothing waits that long when all is well."""


def command_line(*options: str) -> list[str]:
    """How to start `espat`."""
    return [sys.executable, "-m", "espat", *options]


def environment() -> dict[str, str]:
    """Where `espat` finds its modules, whatever the working directory."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run_espat(*options: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run `espat` to its end; for what ends by itself."""
    return subprocess.run(
        command_line(*options), cwd=directory, env=environment(), capture_output=True, text=True, timeout=LIMIT
    )


class SimulatorProcess:
    """`espat run` in a directory. `stdout`, `stderr`: the lines it has printed so far."""

    def __init__(self, directory: Path, *options: str) -> None:
        """Start it; it is not ready yet."""
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._printed = threading.Condition()
        self._process = subprocess.Popen(
            command_line("run", *options),
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=arguments, daemon=True)
            for arguments in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        if kind is None:
            assert not [line for line in self.stderr if "Traceback" in line], "\n".join(self.stderr)

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def port(self, number: int = 0) -> Path:
        """The path of a module's serial port, when it is ready to be opened."""
        return Path(self.place(number))

    def booted(self, number: int = 0) -> None:
        """Wait until a module has booted."""
        self.wait_for(lambda line: line == f"module {number} has booted")

    def place(self, number: int = 0, what: str = "ready to open") -> str:
        """Where a module's port is, when it is ready to be opened: a path or a URI."""
        prefix = f"module {number} {what} at "
        return self.wait_for(lambda line: line.startswith(prefix)).removeprefix(prefix)

    def serving(self, number: int, protocol: str, port: int) -> tuple[str, int]:
        """Where on this machine a module serves a port, when it does."""
        pattern = re.compile(rf"module {number} serves {protocol} {port} at ([\d.]+):(\d+)")
        found = pattern.fullmatch(self.wait_for(lambda line: pattern.fullmatch(line) is not None))
        assert found is not None
        return found[1], int(found[2])

    def wait_for(self, wanted: Callable[[str], bool], *, log: bool = False) -> str:
        """The first line on stdout, or of the log on stderr, that is wanted, as soon as it is there."""
        lines, reader = (self.stderr, self._readers[1]) if log else (self.stdout, self._readers[0])

        def found() -> str | None:
            return next(filter(wanted, lines), None)

        with self._printed:
            self._printed.wait_for(lambda: found() is not None or not reader.is_alive(), LIMIT)
            line = found()
        assert line is not None, f"the line does not come; stdout: {self.stdout}, stderr: {self.stderr}"
        return line

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code."""
        self._process.send_signal(with_signal)
        return self.wait()

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Wait until it ends; returns its exit code. All its output has been read then."""
        code = self._process.wait(LIMIT)
        for reader in self._readers:
            reader.join(LIMIT)
        return code

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def context_switches(self) -> int:
        """How often any of its threads has gone to sleep: every wake-up ends in one."""
        texts = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
                texts.append((task / "status").read_text(encoding="ascii"))
        return sum(int(count) for text in texts for count in re.findall(r"\nvoluntary_ctxt_switches:\s*(\d+)", text))

    def processor_ticks(self) -> int:
        """Processor time used so far, in clock ticks (hundredths of a second)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._printed:
                lines.append(line.removesuffix("\n"))
                self._printed.notify_all()
        with self._printed:
            self._printed.notify_all()


class _Reading(serial.Serial):
    """pyserial that reads what was printed before it came."""

    def _reset_input_buffer(self) -> None:
        """Leave it there."""


class Client:
    """A program on the other end of the wire: pyserial, as firmware authors use it."""

    def __init__(self, port: Path, *, flushes: bool = False) -> None:
        """Open the port, raw, at a baud rate. `flushes`: as pyserial does it, with what has been received before
        discarded; without, `started` finds the `ready` that is in the device."""
        self.serial = (serial.Serial if flushes else _Reading)(str(port), 115200, timeout=LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.serial.close()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.serial.write(data)

    def read_some(self) -> bytes:
        """What is there; when there is nothing, wait for the next byte. Empty when none comes."""
        return self.serial.read(self.serial.in_waiting or 1)

    def read_until(self, end: bytes) -> bytes:
        """Read through `end`, byte by byte so as to leave what follows."""
        data = self.serial.read_until(end)
        assert data.endswith(end), f"wanted {end!r}, got {data!r}"
        return data

    def command(self, line: bytes, end: bytes = b"\r\nOK\r\n") -> bytes:
        """Type a command; returns the answer through `end`, without the echo."""
        self.write(line + b"\r\n")
        answer = self.read_until(end)
        assert answer.startswith(line + b"\r\n"), answer
        return answer.removeprefix(line + b"\r\n")

    def started(self) -> Self:
        """Read what a module prints that has just booted."""
        assert self.read_until(b"ready\r\n") == b"\r\nready\r\n"
        return self

    def join(self) -> Self:
        """Join the network there is when no world file says otherwise."""
        assert self.command(b"AT+CWMODE=1") == b"\r\nOK\r\n"
        joined = self.command(b'AT+CWJAP="espressif","1234567890"')
        assert joined == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"
        return self
