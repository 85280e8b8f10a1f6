"""Playing: each verb against a module that is a script, and hosts that are real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio import socket
from trio.testing import memory_stream_pair

from simulator.core.clock import SteppedClock
from simulator.scenario.playing.player import Player, PlayError, prepare
from simulator.scenario.transcript import TranscriptError, read_transcript
from simulator.scenario.world_file import load_world

LIMIT = 30.0
SHORT_LIMIT = 0.2
"""For what is to fail: that nothing comes can only be told by waiting."""

HEAD = """\
title: 'A session'
dialect: esp32-v5
modules: [A]
world:
  access_points:
    - {ssid: lab, password: '12345678', bssid: 'ca:6f:00:00:00:01', auth: 4}
    - {ssid: café, password: '', up: false}
  peers:
    - {id: pc, ip: '{{PC_IP}}', serves: 'tcp 8080'}
    - {id: meter, ip: '192.168.3.103', serves: 'udp 9090'}
    - {id: web, host: example.com, serves: 'tcp 80', refuses: true}
vars: {STA_IP: '192.168.3.50', NETMASK: '255.255.255.128', PC_IP: '192.168.3.102', LEN: '4'}
may_also_see: ['+NOISE']
steps:
"""


class Play:
    """A transcript being played, seen from the module. `port`: the module's end of the wire; `outcome`: the error."""

    def __init__(self, path: Path, player: Player, port: trio.abc.Stream, client: trio.abc.Stream) -> None:
        self.player = player
        self.port = port
        self.outcome: Exception | None = None
        self.serving: dict[tuple[str, int], tuple[str, int]] = {}
        self._client = client
        self._path = path
        self._unread = b""

    async def run(self, limit: float) -> None:
        """Play; errors end up in `outcome`."""
        try:
            await self.player.play({"A": self._client}, self._find_port, limit=limit)
        except (PlayError, TranscriptError) as error:
            self.outcome = error
        await self.port.aclose()

    async def typed(self, wanted: bytes) -> None:
        """Wait until the client has typed this."""
        while len(self._unread) < len(wanted):
            self._unread += bytes(await self.port.receive_some())
        assert self._unread[: len(wanted)] == wanted
        self._unread = self._unread[len(wanted) :]

    async def print(self, data: bytes) -> None:
        """Print something."""
        await self.port.send_all(data)

    async def connect(self, address: str) -> trio.SocketStream:
        """Connect to where the world says that an address of the module's is."""
        return await trio.open_tcp_stream(*self.host(address))

    def host(self, address: str) -> tuple[str, int]:
        """Where the world says that an address of the module's is."""
        path = self._path.with_suffix(".toml")
        path.write_text(self.player.world, encoding="utf-8")
        host, _, port = load_world(path).hosts[address].rpartition(":")
        return host, int(port)

    def error(self, line: int) -> str:
        """What the error says behind file and line."""
        place = f"{self._path}:{line}: "
        assert self.outcome is not None
        assert str(self.outcome).startswith(place), self.outcome
        return str(self.outcome).removeprefix(place)

    async def _find_port(self, module: int, protocol: str, port: int) -> tuple[str, int]:
        assert module == 0
        while (protocol, port) not in self.serving:
            await trio.sleep_forever()
        return self.serving[protocol, port]


@asynccontextmanager
async def playing(tmp_path: Path, *steps: str, limit: float = LIMIT) -> AsyncIterator[Play]:
    """Play steps while the body of the `async with` is the module; the play has ended behind it."""
    path = tmp_path / "session.yaml"
    path.write_text(HEAD + "".join(f"  - {step}\n" for step in steps), encoding="utf-8")
    with trio.fail_after(LIMIT):
        async with prepare(read_transcript(path)) as player, trio.open_nursery() as nursery:
            client, port = memory_stream_pair()
            play = Play(path, player, port, client)
            nursery.start_soon(play.run, limit)
            yield play


FIRST = HEAD.count("\n") + 1
"""The line of the first step."""


async def test_the_world_of_a_transcript_is_a_world_file(tmp_path: Path) -> None:
    async with playing(tmp_path, "{world: 'later', do: serve, peer: pc, proto: tcp, port: 9999}") as play:
        path = tmp_path / "world.toml"
        path.write_text(play.player.world, encoding="utf-8")
        world = load_world(path)
    lab, cafe = world.access_points
    assert (lab.ssid, lab.password, lab.security.name, lab.bssid, lab.up) == (
        b"lab",
        b"12345678",
        "wpa-wpa2-psk",
        bytes.fromhex("ca6f00000001"),
        True,
    )
    assert (str(lab.subnet), str(lab.first_address)) == ("192.168.3.0/25", "192.168.3.50")
    assert (cafe.ssid, cafe.password, cafe.security.name, cafe.up) == ("café".encode(), b"", "open", False)
    assert sorted(world.hosts) == [
        "192.168.3.102:8080",
        "192.168.3.102:9999",
        "192.168.3.103:9090",
        "example.com",
        "example.com:80",
    ]


async def test_commands_data_and_captured_variables(tmp_path: Path) -> None:
    steps = (
        "{send: 'AT+CIPSEND={{PC_IP}}'}",
        "{expect: ['LEN={{LEN}}', '>']}",
        "{send_raw: 'Grünwald {{LEN}}'}",
        "{send_raw_hex: '0200'}",
        "{expect: ['', 'SEND OK']}",
        "{send_raw: '+++', guard_ms: 20}",
        "{pause_ms: 1}",
        "{expect_raw: 'bye'}",
        "{expect_set: ['+B', '+A'], also: '+C', within_ms: 30000}",
        "{world: 'restarts', do: wait_ready}",
        "{world: 'nothing', do: quiet, ms: 1}",
    )
    async with playing(tmp_path, *steps) as play:
        await play.typed(b"AT+CIPSEND=192.168.3.102\r\n")
        await play.print(b"AT+CIPSEND=192.168.3.102\r\n+NOISE\r\nLEN=7\r\n>")
        await play.typed("Grünwald 7".encode() + b"\x02\x00")
        await play.print(b"\r\nSEND OK\r\n")
        await play.typed(b"+++")
        await play.print(b"bye+A\r\n+C\r\n+B\r\nnoise\r\nready\r\n+NOISE\r\n")
    assert play.outcome is None


async def test_an_optional_expectation_may_be_met_or_not(tmp_path: Path) -> None:
    steps = ("{expect: ['+MAYBE'], optional: true}", "{send: AT}", "{expect: ['', 'OK']}")
    for printed in (b"+MAYBE\r\n", b""):
        async with playing(tmp_path, *steps) as play:
            await play.print(printed)
            await play.typed(b"AT\r\n")
            await play.print(b"\r\nOK\r\n")
        assert play.outcome is None


async def test_a_module_that_connects_to_a_server(tmp_path: Path) -> None:
    steps = (
        "{world: 'accepts', do: accept, peer: pc, proto: tcp, port: 8080}",
        "{peer_receives: 'hello', peer: pc}",
        "{peer_sends: 'world {{LEN}}', peer: pc}",
        "{peer_receives: '!', peer: pc}",
        "{world: 'closed', do: sees_close, peer: pc}",
    )
    async with playing(tmp_path, *steps) as play, await play.connect("192.168.3.102:8080") as link:
        await link.send_all(b"hel")
        await link.send_all(b"lo!")
        assert await link.receive_some() == b"world 4"
    assert play.outcome is None


async def test_a_server_that_starts_later_refuses_before(tmp_path: Path) -> None:
    steps = (
        "{expect: ['refused']}",
        "{world: 'serves', do: serve, peer: pc, proto: tcp, port: 9999}",
        "{world: 'serves still', do: serve, peer: pc, proto: tcp, port: 9999}",
        "{send: 'serving'}",
        "{world: 'accepts', do: accept, peer: pc}",
    )
    async with playing(tmp_path, *steps) as play:
        for address in ("192.168.3.102:9999", "example.com:80"):
            with pytest.raises(OSError, match="all attempts to connect"):
                await play.connect(address)
        await play.print(b"refused\r\n")
        await play.typed(b"serving\r\n")
        async with await play.connect("192.168.3.102:9999"):
            pass
    assert play.outcome is None


async def test_a_peer_that_connects_to_the_module(tmp_path: Path) -> None:
    steps = (
        "{world: 'connects', do: connect, peer: pc, proto: tcp, to: '192.168.3.50', port: 333}",
        "{peer_sends: 'hello', peer: pc}",
        "{peer_receives: 'world', peer: pc}",
    )
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener, playing(tmp_path, *steps) as play:
        play.serving["tcp", 333] = listener.socket.getsockname()
        async with await listener.accept() as link:
            assert await link.receive_some() == b"hello"
            await link.send_all(b"world")
    assert play.outcome is None


async def test_datagrams_both_ways(tmp_path: Path) -> None:
    steps = (
        "{peer_receives: 'abc', peer: meter, proto: udp, port: 9090, from_port: 1112}",
        "{peer_sends: 'def', peer: meter, proto: udp, port: 1112, from_port: 9090}",
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        await link.bind(("127.0.0.1", 0))
        async with playing(tmp_path, *steps) as play:
            play.serving["udp", 1112] = link.getsockname()
            await link.sendto(b"abc", play.host("192.168.3.103:9090"))
            data, sender = await link.recvfrom(100)
    assert (data, sender) == (b"def", play.host("192.168.3.103:9090"))
    assert play.outcome is None


async def test_a_datagram_from_another_port_is_refused(tmp_path: Path) -> None:
    step = "{peer_receives: 'abc', peer: meter, proto: udp, port: 9090, from_port: 1112}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        await link.bind(("127.0.0.1", 0))
        here = link.getsockname()
        async with playing(tmp_path, step) as play:
            play.serving["udp", 1112] = ("127.0.0.1", 1)
            await link.sendto(b"abc", play.host("192.168.3.103:9090"))
    assert play.error(FIRST) == (
        f"step 1: peer_receives: meter got it from {here}, not from the module's port at ('127.0.0.1', 1)"
    )


FAILURES = {
    "{expect: ['', 'OK']}": r"step 1: expect: expected the lines ['', 'OK'], got b'\r\nHELLO'; no more came in time",
    "{expect_raw: 'bye'}": r"step 1: expect_raw: expected b'bye', got b'\r\nHELLO'",
    "{world: x, do: accept, peer: pc}": "step 1: accept: pc gets no connection",
    "{world: x, do: sees_close, peer: pc}": "step 1: sees_close: pc has no connection",
    "{world: x, do: accept, peer: mac}": "step 1: accept: the world has no peer 'mac'; it has pc, meter, web",
    "{peer_receives: x, peer: pc}": "step 1: peer_receives: pc has no open connection",
    "{peer_receives: x, peer: meter, proto: udp}": "step 1: peer_receives: meter gets no datagram at port 9090",
    "{peer_receives: x, peer: pc, proto: udp}": (
        "step 1: peer_receives: pc serves 0 UDP ports; 'port' must name one of them"
    ),
    "{peer_sends: x, peer: meter, proto: udp}": "step 1: peer_sends: UDP needs 'port', the module's own",
    "{peer_sends: x, peer: meter, proto: udp, port: 5}": "step 1: peer_sends: the module does not serve udp 5",
    "{world: x, do: quiet, ms: 50}": r"step 1: quiet: expected silence, got b'\r\nHELLO'",
    "{send: '{{NOBODY}}'}": "step 1: send: variable NOBODY is not defined in vars",
    "{expect: ['{{NOBODY}}', x]}": "step 1: expect: variable NOBODY is not defined in vars",
    "{expect: ['re:(', x]}": (
        "step 1: expect: not a regular expression: missing ), unterminated subpattern at position 0"
    ),
}


@pytest.mark.parametrize(("step", "error"), FAILURES.items())
async def test_a_failure_says_what_was_expected_and_what_came(tmp_path: Path, step: str, error: str) -> None:
    async with playing(tmp_path, step, limit=SHORT_LIMIT) as play:
        await play.print(b"\r\nHELLO")
    assert play.error(FIRST) == error


async def test_a_port_that_goes_away_is_told(tmp_path: Path) -> None:
    async with playing(tmp_path, "{expect: ['', 'OK']}") as play:
        await play.print(b"\r\nO")
        await play.port.aclose()
    assert play.error(FIRST) == (
        r"step 1: expect: expected the lines ['', 'OK'], got b'\r\nO'; the serial port is gone"
    )


async def test_every_module_of_the_transcript_needs_a_port(tmp_path: Path) -> None:
    async with playing(tmp_path, "{pause_ms: 0}") as play:

        async def nowhere(module: int, protocol: str, port: int) -> tuple[str, int]:
            raise AssertionError

        with pytest.raises(TranscriptError, match="modules: each needs a port: A"):
            await play.player.play({}, nowhere)


async def test_who_joins_a_softap_is_a_station_of_the_world(tmp_path: Path) -> None:
    step = "{world: x, do: join_ap, peer: pc, ssid: 'café', password: '{{LEN}}567 8901', ip: 192.168.4.2}"
    async with playing(tmp_path, step, "{world: x, do: join_ap, peer: meter, ssid: free}") as play:
        path = tmp_path / "world.toml"
        path.write_text(play.player.world, encoding="utf-8")
        guest, meter = load_world(path).stations
    assert play.outcome is None
    assert (guest.mac, guest.joins, guest.password) == (
        bytes.fromhex("020000000001"),
        "café".encode(),
        b"4567 8901",
    )
    assert (meter.mac, meter.joins, meter.password) == (bytes.fromhex("020000000002"), b"free", b"")


async def test_long_times_pass_faster(tmp_path: Path) -> None:
    async with playing(tmp_path, "{pause_ms: 0}") as play:
        assert play.player.speed == 1
    path = tmp_path / "deep.yaml"
    path.write_text(
        HEAD + "  - {world: 'an hour', do: advance_time, ms: 3600000}\n  - {world: 'again', do: advance_time, ms: 1}\n",
        encoding="utf-8",
    )
    async with prepare(read_transcript(path)) as player:
        assert player.speed == 7200.002
        client, module = memory_stream_pair()
        clock = SteppedClock()
        done = trio.Event()

        async def play_it() -> None:
            await player.play({"A": client}, no_port, clock=clock)
            done.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(play_it)
            await clock.advance(3600)
            assert not done.is_set()
            await clock.advance(0.001)
            assert done.is_set()
            await module.aclose()


async def no_port(module: int, protocol: str, port: int) -> tuple[str, int]:
    raise AssertionError
