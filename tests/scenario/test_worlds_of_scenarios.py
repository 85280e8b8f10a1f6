"""What a scenario says of the world it plays in: files, modules, hosts, routers; each with a module that notices."""

import os
from pathlib import Path

import pytest

from espat.persist.storage import open_storage
from espat.persist.variants import VARIANTS
from espat.scenario.play.player import PlayError, prepare
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions
from tests.scenario.playing import HEAD, JOIN, LINK, OK, SERVER, SETTINGS, play_text, steps, write


async def test_two_modules(tmp_path: Path) -> None:
    text = HEAD + "modules: [A, B]\n"
    lines = (
        "{send: 'AT+CWMODE=2', module: A}",
        "{expect: ['', 'OK'], module: A}",
        '{send: \'AT+CWSAP="cell","abcdefgh",5,3\', module: A}',
        "{expect: ['', 'OK'], module: A}",
        "{send: 'AT+CWMODE=1', module: B}",
        "{expect: ['', 'OK'], module: B}",
        '{send: \'AT+CWJAP="cell","abcdefgh"\', module: B}',
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK'], module: B}",
        "{do: module.power_off, module: B}",
        "{do: quiet, module: A, time: 1s}",
    )
    await play_text(tmp_path, text + steps(*lines))


async def test_steps_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "join.yaml").write_text(
        "vars: {WHERE: lab}\nsteps:\n"
        "  - {send: 'AT+CWMODE=1'}\n  - {expect: ['', 'OK']}\n  - {send: 'AT+CWJAP=\"{{WHERE}}\",\"12345678\"'}\n"
        "  - {expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK']}\n"
    )
    await play_text(tmp_path, HEAD + steps("{include: join.yaml}", "{send: 'AT+CWQAP'}", "{do: discard}"))


async def test_a_world_file(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[access_point]]\nssid = "attic"\n')
    text = "title: x\nworld: world.toml\n"
    lines = ("{send: 'AT+CWMODE=1'}", OK, '{send: \'AT+CWJAP="attic",""\'}')
    await play_text(tmp_path, text + steps(*lines, "{expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK']}"))


async def test_a_world_file_that_would_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "world.toml")
    with pytest.raises(ScenarioError, match=r"yaml:2: world: .*expected a regular file, got something else"):
        await play_text(tmp_path, "title: x\nworld: world.toml\n" + steps("{send: 'AT'}"))


HOSTS = """\
title: 'A host of the world'
world:
  access_point: [{ssid: lab, password: '12345678'}]
  host: [{address: '192.168.3.60', name: echo.example.com, serves: ['tcp-echo 7']}]
"""


async def test_hosts_of_the_world(tmp_path: Path) -> None:
    connect = '{send: \'AT+CIPSTART="TCP","echo.example.com",7\'}'
    play = (
        connect,
        "{expect: ['CONNECT', '', 'OK']}",
        "{do: host.refuse, host: echo.example.com}",
        "{expect: ['CLOSED']}",
        connect,
        "{expect: ['', 'ERROR']}",
        "{do: host.start, host: '192.168.3.60'}",
        connect,
        "{expect: ['CONNECT', '', 'OK']}",
        "{do: host.stop, host: echo.example.com}",
        "{do: quiet}",
    )
    await play_text(tmp_path, HOSTS + JOIN.replace("CWMODE=3", "CWMODE=1") + steps(*play))
    with pytest.raises(ScenarioError, match=r"host: unknown host 'x' \(known: echo.example.com, 192.168.3.60\)"):
        await play_text(tmp_path, HOSTS + steps("{do: host.stop, host: x}"))


JOINED_BEFORE = """\
title: A module that has joined in an earlier life
world: {access_point: [{ssid: lab}], module: [{joined: lab}]}
"""


async def test_who_has_joined_in_an_earlier_life_comes_back_to_a_router_that_was_away(tmp_path: Path) -> None:
    play = (
        "{do: wait_for, event: station.got_ip}",
        "{do: discard}",
        "{send: 'AT+CWRECONNCFG?'}",
        "{expect: ['+CWRECONNCFG:1,0', '', 'OK']}",
        "{do: access_point.off, ssid: lab}",
        "{expect: ['WIFI DISCONNECT'], within: 10s}",
        "{do: access_point.on, ssid: lab}",
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP'], within: 10s}",
    )
    await play_text(tmp_path, JOINED_BEFORE + steps(*play))


DIALECTS = """\
title: Two firmwares in one world
dialect: ai-thinker
modules: [A, B]
world: {access_point: [], module: [{}, {dialect: esp8266-v0.30}]}
"""


async def test_a_module_of_the_world_has_a_firmware_of_its_own(tmp_path: Path) -> None:
    play = (
        "{send: 'AT+GMR', module: A}",
        "{expect: ['re:AT version:2.2.0.0.*'], module: A}",
        "{do: discard, module: A}",
        "{send: 'AT+GMR', module: B}",
        "{expect: ['re:AT version:0.30.*'], module: B}",
        "{do: discard, module: B}",
    )
    await play_text(tmp_path, DIALECTS + steps(*play))
    with pytest.raises(ScenarioError, match=r"modules: expected 2 names, one for each module of the world, got 1"):
        await play_text(tmp_path, DIALECTS.replace("modules: [A, B]", "modules: [A]") + "steps: []\n")


FLASH = """\
title: A module that is prepared
world: {access_point: [], module: [{flash: esp.bin, variant: MINI-1}]}
may_also_see: [AT+SYSMSG=1]
steps:
  - {send: 'AT+SYSMSG?'}
  - {expect: ['+SYSMSG:2', 'OK']}
  - {send: 'AT+SYSMSG=1'}
  - {expect: ['', 'OK']}
  - {do: module.reset}
  - {do: wait_ready}
  - {send: 'AT+SYSMSG?'}
  - {expect: ['+SYSMSG:1', 'OK']}
"""


async def test_a_flash_file_beside_the_scenario_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"yaml:2: world: module#1.flash: expected a flash image, got no file .*/esp.bin"
    ):
        await play_text(tmp_path, FLASH)
    storage = open_storage(tmp_path / "esp.bin", VARIANTS["MINI-1"])
    storage.settings.write("NVM_012", "s_msg", 2)
    before = (tmp_path / "esp.bin").read_bytes()
    for _ in range(2):  # while another program uses it
        await play_text(tmp_path, FLASH)
    storage.close()
    assert (tmp_path / "esp.bin").read_bytes() == before
    with pytest.raises(PlayError, match=r"expected the flash of SOLO-1, got that of MINI-1"):
        await play_text(tmp_path, FLASH.replace("MINI-1", "SOLO-1"))
    with pytest.raises(ScenarioError, match=r"variant: expected one of WROOM-32, .*, for esp32-v5, got ESP8266"):
        await play_text(tmp_path, FLASH.replace("MINI-1", "ESP8266"))
    for content, found in (
        (bytes(0x400000), "damaged: entry 0 of the partition table begins with 0000"),
        (before[:-1], "expected a flash image of 4194304 bytes, got 4194303"),
        (before.replace(b"NVM_012", b"NVM_013"), "damaged: partition nvs, page 0: the CRC of entry 0 is wrong"),
    ):
        (tmp_path / "esp.bin").write_bytes(content)
        with pytest.raises(PlayError, match=found):
            await play_text(tmp_path, FLASH)
        assert (tmp_path / "esp.bin").read_bytes() == content


def test_a_link_is_for_who_leaves_the_port_to_somebody_else(tmp_path: Path) -> None:
    text = "title: x\nworld: {module: [{link: tty}]}\nsteps: []\n"
    with pytest.raises(ScenarioError, match=r"2: world: module#1\.link: expected attach: true with it, got .*tty"):
        prepare(read_scenario(write(tmp_path, text)))
    assert prepare(read_scenario(write(tmp_path, f"attach: true\n{text}"))).surroundings.world.modules[0].link


def test_what_a_scenario_waits_for_is_of_the_firmware_of_the_module_that_gets_it(tmp_path: Path) -> None:
    def waits_for(dialect: str, *lines: str) -> tuple[str, ...]:
        text = DIALECTS.replace("ai-thinker", dialect).replace("v0.30", "v1.7") + steps(*lines)
        return tuple(map(str, prepare(read_scenario(write(tmp_path, text))).awaited))

    assert waits_for("esp32-v5", "{send: 'AT+SYSADC?', module: B}") == ("AT+SYSADC",)
    assert waits_for("esp32-v5", "{send: 'AT+SYSADC?', module: A}") == ()
    assert waits_for("esp8266-v1.7", "{send: 'AT+BLEINIT=1', module: B}") == ()
    assert waits_for("tencent-tc", "{send: 'AT', module: B}") == ("dialect tencent-tc",)


HANDS = HEAD.replace(
    "  peers:\n",
    """\
  host:
    - {address: '192.168.3.60', name: box.example, serves: ['tcp-peer 80', 'udp-peer 90', 'tls-peer 443']}
  peers:
""",
)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
async def test_a_host_of_the_world_in_the_hands_of_a_scenario(tmp_path: Path, setting: StageOptions) -> None:
    play = (
        '{send: \'AT+CIPSTART="TCP","box.example",80\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{do: peer.accept, peer: box.example}",
        "{peer_sends: 'hello', peer: '192.168.3.60', port: 80}",
        "{expect: ['', '+IPD,5:hello']}",
        "{do: peer.close, peer: box.example, port: 80}",
        "{expect: ['CLOSED']}",
        '{send: \'AT+CIPSTART="SSL","box.example",443\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{send: 'AT+CIPSEND=2'}",
        "{expect: ['', 'OK', '', '>']}",
        "{send_raw: 'hi'}",
        "{expect: ['', 'Recv 2 bytes', '', 'SEND OK']}",
        "{peer_receives: 'hi', peer: box.example, port: 443}",
        "{send: 'AT+CIPCLOSE'}",
        "{expect: ['CLOSED', '', 'OK']}",
        "{do: peer.sees_close, peer: box.example, port: 443}",
        '{send: \'AT+CIPSTART="UDP","box.example",90,2000,2\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{peer_sends: 'you', peer: box.example, proto: udp, port: 2000}",
        "{expect: ['', '+IPD,3:you']}",
        "{do: peer.serve, peer: box.example, proto: tcp, port: 81}",
        "{do: dns.remove, name: Box.example}",
        "{send: 'AT+CIPDOMAIN=\"box.example\"'}",
        "{expect: ['', 'ERROR'], or: ['DNS Fail', '', 'ERROR']}",
        "{do: dns.set, name: box.example, address: '192.168.3.60'}",
        "{send: 'AT+CIPCLOSE'}",
        "{expect: ['CLOSED', '', 'OK']}",
        '{send: \'AT+CIPSTART="TCP","box.example",81\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{do: peer.accept, peer: box.example, port: 81}",
    )
    await play_text(tmp_path, HANDS + JOIN + steps(*play), setting)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
async def test_a_peer_without_an_address_gets_in(tmp_path: Path, setting: StageOptions) -> None:
    text = HEAD.replace("  peers:\n", "  peers:\n    - {id: nomad}\n")
    connect = "{do: peer.connect, peer: nomad, to: '{{STA_IP}}', port: 80}"
    twice = (connect, "{expect: ['0,CONNECT']}", connect, "{expect: ['1,CONNECT']}")
    await play_text(tmp_path, text + JOIN + steps(*SERVER, *twice), setting)
    if setting.sockets:
        return
    seen = (
        "{send: 'AT+CIPSTATE?'}",
        "{expect: ['+CIPSTATE:0,\"TCP\",\"192.168.3.254\",49152,80,1', 're:.*\"192.168.3.254\",49153,80,1', '', 'OK']}",
    )
    await play_text(tmp_path, text + JOIN + steps(*SERVER, *twice, *seen), setting)


async def test_a_peer_in_memory_loses_its_power(tmp_path: Path) -> None:
    lost = "{do: host.stop, host: pc}"
    refused = ('{send: \'AT+CIPSTART="TCP","{{PC_IP}}",8080\'}', "{expect: ['', 'ERROR'], within: 60s}")
    send = ("{send: 'AT+CIPSEND=2'}", "{expect: ['', 'OK', '', '>']}", "{send_raw: 'hi'}")
    unanswered = "{expect: ['', 'Recv 2 bytes', '', 'SEND OK']}"
    over = ("{do: clock.advance, time: 1h}", "{expect: ['CLOSED']}")
    play = (*LINK, lost, "{do: quiet}", *send, unanswered, *over, *refused, "{do: host.start, host: pc}", *LINK)
    await play_text(tmp_path, HEAD + JOIN + steps(*play))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
async def test_a_peer_ends_its_services_for_a_while(tmp_path: Path, setting: StageOptions) -> None:
    refused = (LINK[0], "{expect: ['', 'ERROR']}")
    over = ("{do: host.refuse, host: pc}", "{expect: ['CLOSED']}", *refused)
    await play_text(tmp_path, HEAD + JOIN + steps(*LINK, *over, "{do: host.start, host: pc}", *LINK), setting)


async def test_without_internet_no_host_beyond_the_router_is_reached(tmp_path: Path) -> None:
    far = HANDS.replace("192.168.3.60", "203.0.113.60")
    connect = '{send: \'AT+CIPSTART="TCP","203.0.113.60",80\'}'
    gone = "{do: access_point.set, ssid: lab, internet: false}"
    back = "{do: access_point.set, ssid: lab, internet: true}"
    play = (gone, connect, "{expect: ['', 'ERROR']}", back, connect, "{expect: ['CONNECT', '', 'OK']}")
    await play_text(tmp_path, far + JOIN + steps(*play))


async def test_time_servers_of_a_transcript(tmp_path: Path) -> None:
    text = HEAD.replace(
        "  peers:\n", "  services: {sntp: 'Mon Oct 18 20:12:27 2021', sntp_servers: [time.example.com]}\n  peers:\n"
    )
    play = (
        "{send: 'AT+CIPSNTPCFG=1,8,\"time.example.com\"'}",
        "{expect_set: ['OK', '+TIME_UPDATED']}",
        "{send: 'AT+CIPSNTPTIME?'}",
        "{expect: ['+CIPSNTPTIME:Mon Oct 18 20:12:27 2021', 'OK'], blanks: lenient}",
    )
    for setting in SETTINGS.values():
        await play_text(tmp_path, text + JOIN + steps(*play), setting)
