"""Killing the simulator while settings are stored: what was answered with OK has to be there in the next process."""

import os
import signal
import threading
from random import Random
from typing import Final

import serial

from tests.end_to_end.simulator_process import LIMIT, Client, SimulatorProcess
from tests.stored_settings import BASE, STORED
from tests.texts import OK

LONGEST: Final = 0.05
"""Seconds of storing before a process is killed, at most: some dozens of settings."""
DHCP: Final = ("CIPAP", "CWDHCPS", "CIPSTA", "CWDHCP")
"""Each of them may change what the others have set."""
IN_ANY_MODE: Final = ["CWMODE", "UART_DEF", "CWAUTOCONN", "SYSMSG", "CIPRECONNINTV", "CIPTCPOPT"]
"""What can be set whatever AT+CWMODE says."""


class GoneError(Exception):
    """The process has ended."""


class Killing:
    """Processes that are killed one after the other, all with the same flash file.

    `kills`: how many so far. `checked`: how many settings were found again.
    """

    def __init__(self, dice: Random) -> None:
        self.kills = 0
        self.checked = 0
        self._dice = dice
        self._stored: dict[str, int] = {}
        self._seen: set[str] = set()

    @property
    def never_seen(self) -> set[str]:
        """The settings that no process has found again yet."""
        return STORED.keys() - self._seen

    def run(self, simulator: SimulatorProcess) -> None:
        """Look whether everything is there that the process before has acknowledged, store more, and kill."""
        with Client(simulator.port()) as client:
            client.read_until(b"ready\r\n")
            client.write(b"ATE0\r\n")
            client.read_until(OK)
            self._check(client)
            self.kills += 1
            killer = threading.Timer(self._dice.uniform(0.0, LONGEST), os.kill, (simulator.pid, signal.SIGKILL))
            killer.start()
            try:
                self._store(client)
            except (GoneError, serial.SerialException):
                killer.join()
                simulator.wait()

    def _check(self, client: Client) -> None:
        for name in sorted(self._stored, key=lambda name: name != "CWMODE"):
            shown = _answer(client, STORED[name].query)
            assert STORED[name].shown[self._stored[name]] in shown, (self.kills, name, shown)
            if name == "CWMODE":
                _answer(client, BASE)
        self._seen |= self._stored.keys()
        self.checked += len(self._stored)
        if self._stored.pop("CWMODE", None) is None:
            _answer(client, BASE)

    def _store(self, client: Client) -> None:
        """Store settings until the process is gone. Raises GoneError, SerialException."""
        names = IN_ANY_MODE if self.kills % 4 == 0 else [name for name in STORED if name != "CWMODE"]
        while True:
            name, which = self._dice.choice(names), self._dice.randrange(2)
            for touched in DHCP if name in DHCP else (name,):
                self._stored.pop(touched, None)  # old or new, as long as it is under way
            if name in DHCP:
                _answer(client, b'AT+CIPAP="192.168.4.1"')
                _answer(client, b"AT+CWDHCP=1,2")
            _answer(client, STORED[name].values[which])
            self._stored[name] = which


def _answer(client: Client, line: bytes) -> bytes:
    """Type a command, with the echo off; returns the answer. Raises GoneError, SerialException."""
    client.write(line + b"\r\n")
    client.serial.timeout = LIMIT
    printed = client.serial.read_until(b"\r\n")
    while not printed.endswith((OK, b"ERROR\r\n")):
        more = client.serial.read_until(b"\r\n")
        if not more:
            raise GoneError
        printed += more
    assert printed.endswith(OK), (line, printed)
    return printed
