"""The verbs, each against a module: in memory and stepped, and with real sockets in real time."""

from pathlib import Path

import pytest

from espat.scenario.play.player import PlayError
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.stage.options import StageOptions
from tests.scenario.playing import FIRST, FIRST_JOINED, HEAD, JOIN, LINK, OK, SERVER, SETTINGS, play_text, steps

SOFTAP = ('{send: \'AT+CWSAP="cell","abcdefgh",5,3\'}', OK)

PLAYS = {
    "captured variables": (
        "{send: 'AT+CIPSTA?'}",
        "{expect: ['+CIPSTA:ip:\"{{ANY}}\"', 're:\\+CIPSTA:gateway:\"(?P<LEN>.*)\"', 're:.*', '', 'OK']}",
        "{send: 'AT+PING=\"{{ANY}}{{LEN}}\"'}",
        "{expect: ['+PING:TIMEOUT', '', 'ERROR'], within: 60s}",
        "{send: 'AT+CIPSTA?'}",
        "{expect_set: ['+CIPSTA:ip:\"192.168.3.50\"', 'OK'], also: 're:.*'}",
    ),
    "a prompt, data both ways, and a close": (
        *LINK,
        "{send: 'AT+CIPSEND={{LEN}}'}",
        "{expect: ['', 'OK', '', '>']}",
        "{send_raw: 'test'}",
        "{expect: ['', 'Recv 4 bytes', '', 'SEND OK']}",
        "{peer_receives: 'test', peer: pc}",
        "{do: peer.send, peer: pc, data: 'Grüße'}",
        "{expect: ['', '+IPD,7:Grüße']}",
        "{do: peer.close, peer: pc}",
        "{expect: ['CLOSED']}",
        "{do: quiet}",
    ),
    "a reset": (*LINK, "{do: peer.close, peer: pc, reset: true}", "{expect: ['CLOSED']}"),
    "the module closes": (
        *LINK,
        "{send: 'AT+CIPCLOSE'}",
        "{expect: ['CLOSED', '', 'OK']}",
        "{do: peer.sees_close, peer: pc}",
    ),
    "a server that stops and starts again": (
        "{do: peer.refuse, peer: pc, proto: tcp, port: 8080}",
        '{send: \'AT+CIPSTART="TCP","{{PC_IP}}",8080\'}',
        "{expect: ['', 'ERROR']}",
        "{do: peer.serve, peer: pc, proto: tcp, port: 8080}",
        *LINK,
    ),
    "a peer that connects": (
        *SERVER,
        "{do: peer.connect, peer: pc, to: '{{STA_IP}}', port: 80}",
        "{expect: ['0,CONNECT']}",
        "{peer_sends: 'GET', peer: pc, port: 80}",
        "{expect: ['', '+IPD,0,3:GET']}",
    ),
    "datagrams both ways": (
        '{send: \'AT+CIPSTART="UDP","192.168.3.103",9090,2000,2\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{send: 'AT+CIPSEND=2'}",
        "{expect: ['', 'OK', '', '>']}",
        "{send_raw_hex: '3132'}",
        "{expect: ['', 'Recv 2 bytes', '', 'SEND OK']}",
        "{peer_receives: '12', peer: meter, proto: udp, port: 9090, from_port: 2000}",
        "{peer_sends: '34', peer: meter, proto: udp, from_port: 9090, port: 2000}",
        "{expect: ['', '+IPD,2:34']}",
    ),
    "an access point goes and comes": (
        "{send: 'AT+CWRECONNCFG=1,0'}",
        OK,
        "{do: access_point.off, ssid: lab}",
        "{do: clock.advance, time: 20s}",
        "{expect: ['WIFI DISCONNECT']}",
        "{do: access_point.on, ssid: lab}",
        "{do: clock.advance, time: 2s}",
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP']}",
    ),
    "an access point throws everybody out": (
        "{send: 'AT+CWRECONNCFG=0,0'}",
        OK,
        "{do: access_point.throw_out, ssid: lab}",
        "{expect: ['WIFI DISCONNECT']}",
    ),
    "an access point changes its password": (
        "{do: access_point.set, ssid: lab, password: 'other1234', channel: 11, rssi: -80}",
        "{send: 'AT+CWLAP=\"lab\"'}",
        "{expect: ['re:\\+CWLAP:\\(3,\"lab\",-80,\"[0-9a-f:]+\",11,.*', '', 'OK']}",
        '{send: \'AT+CWJAP="lab","12345678"\'}',
        "{expect: ['WIFI DISCONNECT', '+CWJAP:2', '', 'ERROR'], blanks: lenient, within: 60s}",
    ),
    "names": (
        "{do: dns.set, name: 'broker.example.com', address: '192.168.3.102'}",
        "{send: 'AT+CIPDOMAIN=\"broker.example.com\"'}",
        "{expect: ['+CIPDOMAIN:\"192.168.3.102\"', '', 'OK']}",
        "{do: dns.remove, name: 'broker.example.com'}",
        "{send: 'AT+CIPDOMAIN=\"broker.example.com\"'}",
        "{expect: ['', 'ERROR'], or: ['DNS Fail', '', 'ERROR']}",
    ),
    "a station joins and leaves": (
        *SOFTAP,
        "{do: station.join, ssid: cell, password: 'abcdefgh', peer: phone, ip: '192.168.4.2'}",
        "{do: discard}",
        "{send: 'AT+CWLIF'}",
        "{expect: ['re:\\+CWLIF:192.168.4.2,02:.*', '', 'OK']}",
        "{do: station.leave, peer: phone}",
        "{expect: ['re:\\+STA_DISCONNECTED:.*']}",
        "{do: station.join, ssid: cell, password: 'abcdefgh', peer: phone}",
        "{do: station.vanish, peer: phone}",
    ),
    "power": (
        "{do: module.power_off}",
        "{send: 'AT'}",
        "{do: quiet, time: 200ms}",
        "{do: module.power_on}",
        "{do: wait_ready}",
        "{do: discard}",
        "{do: module.reset}",
        "{do: wait_ready}",
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP']}",
    ),
    "the wake-up pin": (
        "{send: 'AT+GSLP=3600000'}",
        "{do: discard}",
        "{do: clock.advance, time: 10s}",
        "{do: quiet, time: 0s}",
        "{do: module.press_wake}",
        "{do: wait_ready}",
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP']}",
    ),
    "a clock that is set": (
        "{send: 'AT+GSLP=3600000'}",
        "{do: discard}",
        "{do: clock.set, to: 50min}",
        "{do: quiet, time: 0s}",
        "{do: clock.set, to: 1.1h}",
        "{do: wait_ready}",
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP']}",
    ),
    "repeats that count": (
        "{repeat: 3, as: N, steps: [{send: 'AT+CIPMUX={{N}}'}, {expect: ['', 'OK'], or: ['', 'ERROR']}]}",
        "{send: 'AT+CIPMUX?'}",
        "{expect: ['+CIPMUX:1', '', 'OK']}",
    ),
    "something that happens": (
        "{do: wait_for, event: station.got_ip}",
        "{send: 'AT'}",
        "{do: wait_for, command: 'AT'}",
        "{do: wait_for, module_prints: 'OK'}",
        "{expect: ['', 'OK']}",
    ),
    "silence around an escape": (
        *LINK,
        "{send: 'AT+CIPMODE=1'}",
        OK,
        "{send: 'AT+CIPSEND'}",
        "{expect: ['', 'OK', '', '>']}",
        "{send_raw: 'test'}",
        "{peer_receives: 'test', peer: pc}",
        "{send_raw: '+++', guard_ms: 20}",
        "{pause_ms: 1000}",
        "{send: 'AT+CIPMODE=0'}",
        "{expect: ['', 'OK'], blanks: lenient, or: ['+QUITT', '', 'OK']}",
    ),
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
async def test_it_plays(tmp_path: Path, play: tuple[str, ...], setting: StageOptions) -> None:
    await play_text(tmp_path, HEAD + JOIN + steps(*play), setting)


FAILURES = {
    "the end: module A: expected silence, got b'\\r\\nOK\\r\\n'": ("{send: 'ATE1'}",),
    "expect: expected 'BAD', got '' at the end of b'\\r\\n'": ("{send: 'AT'}", "{expect: ['BAD', 'OK']}"),
    "expect: expected the lines ['', 'OK'], got b''; no more came in time": ("{expect: ['', 'OK']}",),
    "quiet: expected silence, got b'\\r\\nOK\\r\\n'": ("{send: 'AT'}", "{do: quiet}"),
    "wait_ready: expected a restart up to 'ready', got b''; no more came in time": ("{do: wait_ready}",),
    "accept: pc gets no connection": ("{do: accept, peer: pc}",),
    "peer_sends: pc has no open connection": ("{peer_sends: 'x', peer: pc}",),
    "peer_receives: pc expected b'text', got b'test'": (
        *LINK,
        "{send: 'AT+CIPSEND=4'}",
        "{do: discard}",
        "{send_raw: 'test'}",
        "{peer_receives: 'text', peer: pc}",
    ),
    "peer_receives: meter gets no datagram at port 9090": ("{peer_receives: 'x', peer: meter, proto: udp}",),
    "station.join: station cannot join 'cell'": ("{do: station.join, ssid: cell}",),
    "station.leave: station has joined nothing": ("{do: station.leave}",),
    "wait_for: expected module_prints 'HELLO', which does not come": (
        "{do: wait_for, module_prints: HELLO, within: 1s}",
    ),
    "clock.set: it is 5.100 s after the beginning already": (
        "{do: clock.advance, time: 5s}",
        "{do: clock.set, to: 1s}",
    ),
    "peer.sees_close: the connection of pc stays open": (*LINK, "{do: peer.sees_close, peer: pc}"),
    "connect: pc looks for module A at 10.0.0.1; it is at 192.168.3.50 and 192.168.4.1": (
        "{do: connect, peer: pc, to: '10.0.0.1', port: 80}",
    ),
    "peer.connect: pc has no certificate to show; 'client_cert' in the world would give it one": (
        "{do: peer.connect, peer: pc, port: 80, proto: ssl, client_cert: true}",
    ),
    "peer.serve: pc serves something else at port 8080 of tcp": ("{do: peer.serve, peer: pc, proto: ssl, port: 8080}",),
    "peer.serve: pc trusts nobody's certificates; 'ca' in the world would say whose": (
        "{do: peer.serve, peer: pc, proto: ssl, port: 443, client_auth: required}",
    ),
    "peer.refuse: pc serves nothing at port 81 of tcp": ("{do: peer.refuse, peer: pc, proto: tcp, port: 81}",),
    "peer.accept: pc expected a connection over ssl, got one over tcp": (
        *LINK[:2],
        "{do: peer.accept, peer: pc, proto: ssl}",
    ),
    "accept: pc expected a connection over ssl, got one over tcp": (
        *LINK[:2],
        "{do: accept, peer: pc, client_cert: true}",
    ),
    "station.join: expected another peer than phone, got one that knows 'cell'": (
        *SOFTAP,
        "{do: station.join, ssid: cell, password: 'abcdefgh', peer: phone}",
        "{do: discard}",
        "{do: station.join, ssid: home, peer: phone}",
    ),
    "connect: no connection to 192.168.3.50:80: refused": ("{do: connect, peer: pc, to: '{{STA_IP}}', port: 80}",),
}


@pytest.mark.parametrize(("problem", "play"), FAILURES.items())
async def test_a_failure_says_what_was_expected_and_what_came(
    tmp_path: Path, problem: str, play: tuple[str, ...]
) -> None:
    with pytest.raises(PlayError) as raised:
        await play_text(tmp_path, HEAD + JOIN + steps(*play))
    line, number = FIRST_JOINED + len(play) - 1, len(play)
    assert str(raised.value) == f"{tmp_path / 'scenario.yaml'}:{line}: step {number}: {problem}"
    assert raised.value.recent


async def test_a_variable_without_a_value(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError, match=f"{FIRST}: step 1: send: variable ANY is not defined in vars, or has no va"
    ):
        await play_text(tmp_path, HEAD + steps("{send: 'AT+X={{ANY}}'}"))


async def test_what_is_no_regular_expression(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=f"{FIRST + 1}: step 2: expect: not a regular expression"):
        await play_text(tmp_path, HEAD + steps("{send: 'AT'}", "{expect: ['re:(']}"))


async def test_a_module_that_is_off_at_first(tmp_path: Path) -> None:
    await play_text(
        tmp_path,
        HEAD + steps("{do: power_on}", "{expect: ['', 'ready']}", "{send: 'AT'}", "{expect: ['AT', '', 'OK']}"),
    )
