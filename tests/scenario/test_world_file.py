"""World files: what a whole one says, what is no TOML, and `espat check`."""

import json
import os
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espat.cli import main
from espat.radio.security import SECURITIES
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError
from espat.scenario.services.service import ServiceConfiguration
from espat.scenario.services.streams import TcpEcho, TcpSource, UdpEcho
from espat.scenario.text.document import SIZE_LIMIT
from espat.scenario.text.toml import parse_toml
from espat.scenario.world.world import (
    AccessPointConfiguration,
    HostConfiguration,
    ModuleConfiguration,
    StationConfiguration,
    World,
)
from espat.stack.address import Address
from tests.scenario.playing import play_text, steps

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes `world.toml` into the current directory, which is an empty one."""
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes) -> Path:
        path = Path("world.toml")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


WHOLE = """
seed = 7
[[access_point]]
ssid = "espressif"
password = "1234567890"
security = "wpa2-wpa3-psk"
channel = 11
rssi = -45
bssid = "ca:6f:00:00:00:01"
subnet = "192.168.4.0/24"
first_address = "192.168.4.20"
hidden = true
wps = true
dhcp = false
pmf = "capable"
up = false
[[access_point]]
ssid = "guest"
[[station]]
mac = "f8:87:f1:0f:35:3b"
joins = "ESP32_softAP"
password = "1234567890"
address = "192.168.4.77"
[[station]]
mac = "f8:87:f1:0f:35:3c"
joins = "open"
[[module]]
mac = "24:6f:28:00:00:10"
link = "wire{n}"
[[module]]
dialect = "esp8266-v0.30"
joined = "espressif"
[[host]]
address = "192.168.3.50"
name = "Time.example"
serves = ["tcp-echo", "udp-echo 7", "tcp-source 1019 count=5"]
time = 2026-01-01T01:00:00+01:00
[[host]]
address = "8.8.8.8"
[hosts]
"192.168.3.102" = "127.0.0.1"
"192.168.3.102:8080" = "127.0.0.1:18080"
"broker.example.com" = "127.0.0.1"
"broker.example.com:1883" = "127.0.0.1:11883"
[listen]
address = "127.0.0.9"
ports = { 80 = 8080, "333" = 10333 }
[timing]
join = "2.5s"
boot = "120ms"
lease = 3
prompt = 0.25
"""


def test_every_key_is_read(write: Write) -> None:
    assert load_world(write(WHOLE)) == World(
        seed=7,
        access_points=(
            AccessPointConfiguration(
                ssid=b"espressif",
                password=b"1234567890",
                security=SECURITIES["wpa2-wpa3-psk"],
                channel=11,
                rssi=-45,
                bssid=b"\xca\x6f\x00\x00\x00\x01",
                subnet=IPv4Network("192.168.4.0/24"),
                first_address=IPv4Address("192.168.4.20"),
                hidden=True,
                wps=True,
                dhcp=False,
                management_protection=1,
                up=False,
            ),
            AccessPointConfiguration(ssid=b"guest"),
        ),
        stations=(
            StationConfiguration(b"\xf8\x87\xf1\x0f\x35\x3b", b"ESP32_softAP", b"1234567890", Address("192.168.4.77")),
            StationConfiguration(b"\xf8\x87\xf1\x0f\x35\x3c", b"open"),
        ),
        modules=(
            ModuleConfiguration(b"\x24\x6f\x28\0\0\x10", "wire{n}"),
            ModuleConfiguration(dialect="esp8266-v0.30", joined=b"espressif"),
        ),
        memory_hosts=(
            HostConfiguration(
                Address("192.168.3.50"),
                "time.example",
                (
                    ServiceConfiguration(TcpEcho, 7),
                    ServiceConfiguration(UdpEcho, 7),
                    ServiceConfiguration(TcpSource, 1019, {"count": 5}),
                ),
                1767225600.0,
            ),
            HostConfiguration(Address("8.8.8.8")),
        ),
        hosts={
            "192.168.3.102": "127.0.0.1",
            "192.168.3.102:8080": "127.0.0.1:18080",
            "broker.example.com": "127.0.0.1",
            "broker.example.com:1883": "127.0.0.1:11883",
        },
        listen_address=Address("127.0.0.9"),
        ports={80: 8080, 333: 10333},
        timing={"join": 2.5, "boot": 0.12, "lease": 3.0, "prompt": 0.25},
    )


def test_an_empty_file_is_the_world_without_a_file(write: Write) -> None:
    assert load_world(write("")) == World()


def test_all_mistakes_are_told_in_the_order_of_the_file(write: Write) -> None:
    path = write('sed = 1\n[[access_point]]\nchannel = 0\n[timing]\njoin = "x"\n[listen]\naddress = 1\n')
    with pytest.raises(WorldError) as raised:
        load_world(path)
    assert str(raised.value).split("\n") == [
        "world.toml:1: unknown key 'sed' (did you mean 'seed'?)",
        "world.toml:3: access_point#1.channel: expected a whole number from 1 to 14, got 0",
        "world.toml:2: access_point#1: missing key 'ssid' (a text of 1 to 32 bytes)",
        "world.toml:5: timing.join: expected a duration like 10s, 250ms, 5min, 2h or 1d, of at most 86400 s, got 'x'",
        "world.toml:7: listen.address: expected an IPv4 address of this machine like '127.0.0.1', got 1",
    ]
    assert len(raised.value.mistakes) == 5


def test_a_mistake_is_told_with_the_line_of_its_key_or_its_table(write: Write) -> None:
    path = write(
        """\
# a comment
[[ access_point ]]
ssid = "lab"
password = "12345678"

[[access_point]]  # the second
ssid = "attic"
"channel" = 99

[[host]]
address = "192.168.3.50"
serves = [
  "tcp-echo 7",
  "tcp-ecko 8",
]

[[host]]
name = "x"

[hosts]
"a.example:80" = "here"
'b.example' = "there"

[listen]
ports = { 80 = 0 }
"""
    )
    with pytest.raises(WorldError) as raised:
        load_world(path)
    assert [line.partition(": expected")[0].partition(": missing")[0] for line in str(raised.value).splitlines()] == [
        "world.toml:8: access_point#2.channel",
        "world.toml:14: host#1.serves#2: unknown service 'tcp-ecko' (did you mean 'tcp-echo'?)",
        "world.toml:17: host#2",
        'world.toml:21: hosts."a.example:80"',
        'world.toml:22: hosts."b.example"',
        "world.toml:25: listen.ports.80",
    ]


# Files that are no TOML


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seed = 1\nseed 2\n", "2: expected TOML, got something else (Expected '=' after a key in a key/value pair)"),
        (b"seed = ", "1: expected TOML, got something else (Invalid value)"),
        (b"seed = 1\n\xff", "2: expected UTF-8 text, got byte 0xff"),
        (b"seed = " + b"9" * 5000, "1: expected smaller numbers, got one with too many digits"),
        (b"seed = " + b"[" * 100_000, "1: expected at most 40 tables and lists inside each other, got more"),
        (b"\n" + b"a." * 1000 + b"a = 1", "2: expected a key of at most 16 parts, got more"),
        (b"#" * (SIZE_LIMIT + 1), "1: expected a smaller file, got more than 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(write: Write, content: bytes, message: str) -> None:
    with pytest.raises(WorldError) as raised:
        load_world(write(content))
    assert str(raised.value) == f"world.toml:{message}"


def test_a_byte_order_mark_and_cr_lf_are_no_mistake(write: Write) -> None:
    assert load_world(write(b"\xef\xbb\xbfseed = 5\r\n")).seed == 5


def test_a_file_that_cannot_be_read_is_named(write: Write, tmp_path: Path) -> None:
    for path, problem in [
        ("nothing.toml", ": cannot be read (No such file or directory)"),
        (".", ":1: expected a regular file, got something else"),
        ("a\0b", ": cannot be read (not a path)"),
        ("/dev/zero", ":1: expected a regular file, got something else"),
    ]:
        with pytest.raises(WorldError) as raised:
            load_world(path)
        assert str(raised.value) == f"{path}{problem}"


# The command


def test_check_says_ok(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(WHOLE)
    assert main(["check", "world.toml"]) == 0
    assert capsys.readouterr() == ("world.toml: ok\n", "")


def test_check_names_every_mistake_on_stderr(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("sed = 1\nseed = 1.5\n")
    assert main(["check", "world.toml"]) == 2
    assert capsys.readouterr() == (
        "",
        "world.toml:1: unknown key 'sed' (did you mean 'seed'?)\n"
        "world.toml:2: seed: expected a whole number from 0 to 9223372036854775807, got 1.5\n",
    )


def test_check_of_a_file_whose_name_is_no_text(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"w\xff.toml")
    Path(name).write_text("", encoding="ascii")
    assert main(["check", name]) == 0
    assert capsys.readouterr().out == "w\\xff.toml: ok\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--world", "world.toml"], "world.toml: peer: a scenario plays peers, and here is none"),
        (["--modules", "999999999"], "--modules: expected 1 to 4096, got 999999999"),
        (["--modules", "0"], "--modules: expected 1 to 4096, got 0"),
    ],
)
def test_what_espat_run_does_not_do(
    write: Write, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    write('[[peer]]\nid = "pc"\naddress = "192.168.3.102"\nserves = "tcp 80"\n')
    with pytest.raises(SystemExit, match="2"):
        sys.exit(main(["run", *options]))
    assert message in capsys.readouterr().err


async def test_a_world_file_of_a_scenario_has_its_peers(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(
        '[[access_point]]\nssid = "lab"\n[[peers]]\nid = "pc"\nip = "192.168.3.102"\nserves = ["tcp 80"]\n'
    )
    play = (
        "{send: 'AT+CWMODE=1'}",
        "{expect: ['', 'OK']}",
        '{send: \'AT+CWJAP="lab",""\'}',
        "{expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK']}",
        '{send: \'AT+CIPSTART="TCP","192.168.3.102",80\'}',
        "{expect: ['CONNECT', '', 'OK']}",
        "{do: peer.accept, peer: pc}",
    )
    await play_text(tmp_path, "title: x\nworld: world.toml\n" + steps(*play))


# Lines

SIGNS = "ab]['\"\\\n#=.{}, "


@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(SIGNS, max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(SIGNS, max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    st.lists(st.sampled_from(["a", '"b c"', "'d.e'", '"\\""']), min_size=1, max_size=3),
    st.sampled_from(["", "# a comment = [ \n", 'x = """\n[y]\nz = 1\n"""\n', "x = '''\n[y]'''\n", "x = 1.5 # ]\n"]),
)
@settings(deadline=None)
def test_every_key_has_its_line(value: object, parts: list[str], before: str) -> None:
    text = f"{before}k.{'.'.join(parts)} = {_toml(value)}\n\n[[t]]\n[[t]]\nlast = 1\n"
    values, lines = parse_toml(text)
    assert "k" in values
    assert lines.line_of("k") == before.count("\n") + 1
    assert lines.line_of("t#2.last") == text.count("\n")
    assert lines.line_of("y") is None
    assert lines.line_of("z") is None


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(str(key))} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n".join(map(_toml, value)) + "]"
    return json.dumps(value)
