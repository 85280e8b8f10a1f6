"""Firmware as its author would write it, in pyserial: commands, data both ways, and what the module prints between."""

import os
import re
import select
from collections import Counter, deque
from typing import Final

from tests.end_to_end.simulator_process import LIMIT, Client
from tests.texts import OK

LINKS: Final = 5
PROMPT: Final = b"\r\n>"
LONGEST: Final = 64
"""Bytes of the longest message, data aside."""
MESSAGES: Final = re.compile(
    rb"\r\n\+IPD,(?P<link>\d),(?P<count>\d+):"
    rb"|\r\n\+IPD,(?P<waiting>\d),\d+\r\n"
    rb"|(?P<open>\d),CONNECT\r\n|(?P<closed>\d),CLOSED\r\n"
    rb"|\+CIPRECVDATA:(?P<read>\d+),"
    rb"|\+CIPSENDL:(?P<sent>\d+),\d+\r\n"
    rb"|\r\nOK\r\n|\r\n>|\r\nRecv \d+ bytes\r\n|\r\nSEND OK\r\n"
)
"""All that the module may print here; what is none of this is a wrong byte."""


class Program:
    """Sends, and sorts out what the module prints; the echo is off and AT+CIPMUX is 1.

    `received`: by link, what has come in. `waiting`: the links that have data to be read, in the order of their
    notices. `opened`, `closed`: the links whose reports have come, in order.
    """

    def __init__(self, client: Client) -> None:
        self.received = [bytearray() for _ in range(LINKS)]
        self.waiting: deque[int] = deque()
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.interleaved: Counter[bytes] = Counter()
        """How many reports of data came while the program waited for something else, by what it waited for."""
        self._client = client
        self._unread = bytearray()

    def open(self, link: int, kind: bytes, port: int) -> None:
        """Open a link."""
        self._write(b'AT+CIPSTART=%d,"%b","127.0.0.1",%d\r\n' % (link, kind, port))
        self._wait_for(OK)
        assert self.opened[-1] == link

    def command(self, line: bytes) -> None:
        """Type a command that answers OK and nothing else."""
        self._write(line + b"\r\n")
        self._wait_for(OK)

    def send(self, link: int, data: bytes) -> None:
        """Send up to 8192 bytes over a link."""
        self._prompt(b"AT+CIPSEND=%d,%d" % (link, len(data)))
        self._write(data)
        self._wait_for(b"\r\nRecv %d bytes\r\n" % len(data))
        self._wait_for(b"\r\nSEND OK\r\n")

    def send_long(self, link: int, data: bytes) -> None:
        """Send any number of bytes over a link."""
        self._prompt(b"AT+CIPSENDL=%d,%d" % (link, len(data)))
        self._write(data)
        sent = 0
        while sent < len(data):
            found = self._next_of_its_own(b"progress")
            assert found["sent"] is not None, found[0]
            assert sent < int(found["sent"]) <= len(data)
            sent = int(found["sent"])
        self._wait_for(b"\r\nSEND OK\r\n")

    def read(self, link: int, most: int) -> None:
        """Read up to so many bytes that wait on a link."""
        self._write(b"AT+CIPRECVDATA=%d,%d\r\n" % (link, most))
        found = self._next_of_its_own(b"read")
        assert found["read"] is not None, found[0]
        count = int(found["read"])
        self.received[link] += self._take(count)
        assert self._take(len(OK)) == OK
        assert 0 < count <= most

    def receive(self, link: int, count: int) -> None:
        """Wait until so many bytes have come over a link altogether."""
        while len(self.received[link]) < count:
            self.report()

    def report(self) -> None:
        """Wait for a report, and note it."""
        found = self._next_message()
        assert self._note(found, b"data"), found[0]

    def close(self, link: int) -> None:
        """Close a link."""
        self._write(b"AT+CIPCLOSE=%d\r\n" % link)
        self._wait_for(OK)
        assert self.closed[-1] == link

    def echo_bare(self, count: int) -> None:
        """Send back so many bytes that come in bare."""
        pending = bytearray(self._unread)
        self._unread.clear()
        while count or pending:
            readable, writable = self._ready(writing=bool(pending))
            if writable:
                written = os.write(self._client.serial.fileno(), pending[:4096])
                count -= written
                del pending[:written]
            if readable:
                pending += self._client.read_some()
            assert len(pending) <= count, "more came than was sent"

    def wait_for(self, message: bytes) -> None:
        """The next that comes is this, byte for byte."""
        assert self._take(len(message)) == message

    def bare(self, line: bytes) -> None:
        """Type a command whose prompt ends all messages: what comes behind it is bare data."""
        self._prompt(line)

    def _prompt(self, line: bytes) -> None:
        self._write(line + b"\r\n")
        self._wait_for(OK)
        self._wait_for(PROMPT)

    def _write(self, data: bytes) -> None:
        """Send, and take meanwhile what comes in: a module whose output is not read does not go on."""
        rest = memoryview(data)
        while rest:
            readable, writable = self._ready(writing=True)
            if readable:
                self._unread += self._client.read_some()
            if writable:
                rest = rest[os.write(self._client.serial.fileno(), rest[:4096]) :]

    def _ready(self, *, writing: bool) -> tuple[bool, bool]:
        """Wait until there is something to read, or it takes something; which of both."""
        device = self._client.serial.fileno()
        readable, writable, _ = select.select([device], [device] if writing else [], [], LIMIT)
        assert readable or writable, f"the module does nothing more behind {bytes(self._unread[-100:])!r}"
        return bool(readable), bool(writable)

    def _wait_for(self, message: bytes) -> None:
        found = self._next_of_its_own(message)
        assert found[0] == message, f"wanted {message!r}, got {found[0]!r}"

    def _next_of_its_own(self, waiting_for: bytes) -> re.Match[bytes]:
        """Take the next message that is not a report."""
        while self._note(found := self._next_message(), waiting_for):
            pass
        del self._unread[: found.end()]
        return found

    def _note(self, found: re.Match[bytes], waiting_for: bytes) -> bool:
        """Take a report; False for what is none."""
        if found["link"] is not None:
            del self._unread[: found.end()]
            self.received[int(found["link"])] += self._take(int(found["count"]))
            assert self._take(2) == b"\r\n"
            self.interleaved[waiting_for] += waiting_for != b"data"
            return True
        for kind, links in (("waiting", self.waiting), ("open", self.opened), ("closed", self.closed)):
            if found[kind] is not None:
                links.append(int(found[kind]))
                del self._unread[: found.end()]
                return True
        return False

    def _next_message(self) -> re.Match[bytes]:
        while (found := MESSAGES.match(bytes(self._unread[:LONGEST]))) is None:
            assert len(self._unread) < LONGEST, f"not a message: {bytes(self._unread[:100])!r}"
            self._read()
        return found

    def _take(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._read()
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    def _read(self) -> None:
        data = self._client.read_some()
        assert data, f"no more came behind {bytes(self._unread[-100:])!r}"
        self._unread += data
