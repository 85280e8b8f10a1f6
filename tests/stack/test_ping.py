"""Asking real hosts: those of this machine."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.stack import ping
from espat.stack.address import Address
from tests.network import soon


async def test_this_machine_answers() -> None:
    assert await soon(ping.answers(Address("127.0.0.1")))
    assert await soon(ping.round_trip(Address("127.0.0.1"))) >= 1


async def test_without_the_right_to_icmp(monkeypatch: pytest.MonkeyPatch) -> None:
    make = trio.socket.socket

    def refuse(family: int, kind: int, protocol: int = 0) -> trio.socket.SocketType:
        if protocol == trio.socket.IPPROTO_ICMP:
            raise PermissionError
        return make(family, kind, protocol)

    monkeypatch.setattr(trio.socket, "socket", refuse)
    assert await soon(ping.answers(Address("127.0.0.1")))


async def test_a_silent_host_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(address: str) -> bool:
        return False

    monkeypatch.setattr(ping, "answers", nobody)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ping.round_trip, Address("127.0.0.1"))
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        nursery.cancel_scope.cancel()
