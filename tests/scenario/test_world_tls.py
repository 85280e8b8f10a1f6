"""The TLS echo of a world host, in stepped time."""

from pathlib import Path

import pytest

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist import pki
from espat.persist.manufacturing import shipped_value
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError, read_world
from tests.certificates import NOW, issued
from tests.scenario.test_world_hosts import NEAR
from tests.texts import ERROR, JOIN, JOINED, OK, OPENED, PROMPT
from tests.workbench import modules, run

CONNECT = b'AT+CIPSTART="SSL","near.example",8070'


async def connected(service: str, *commands: bytes) -> bytes:
    """What a module prints that connects to such a service, and echoes through it if it gets that far."""
    world = read_world({"host": [NEAR | {"serves": [service]}]}, "w")
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=1", b"AT+SYSLOG=1", *commands)
        bench.module[RealTimeClock].set(NOW)
        assert await bench.command(JOIN) == JOINED
        printed = await bench.command(CONNECT)
        if printed == OPENED:
            assert await bench.command(b"AT+CIPSEND=8192") == PROMPT
            echoed = await bench.send(bytes(8192))
            assert echoed.startswith(b"\r\nRecv 8192 bytes\r\n\r\nSEND OK\r\n")
            assert echoed.count(b"\0") == 8192
            assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
            assert await bench.settle() == b""
            assert not bench.simulation.host("near.example").connections
        return printed


@pytest.mark.parametrize(
    ("service", "mode", "printed"),
    [
        ("tls-echo 8070", b"3", OPENED),
        ("tls-echo 8070", b"2,0,1", b"+ERRNO:0x8\r\n" + ERROR),
        ("tls-echo 8070 cert=server_cert ca=server_ca", b"3", OPENED),
        ("tls-echo 8070 ca=server_ca", b"2", b"+ERRNO:0x7780\r\n" + ERROR),
        ("tls-echo 8070 ca=server_ca", b"3,1,0", b"+ERRNO:0x7780\r\n" + ERROR),
        ("tls-echo 8070 ca=client_ca.1", b"3,1,0", OPENED),
    ],
)
async def test_it_shows_and_demands_what_the_world_says(service: str, mode: bytes, printed: bytes) -> None:
    assert await connected(service, b"AT+CIPSSLCCONF=" + mode) == printed


async def test_certificates_from_files(tmp_path: Path) -> None:
    list(pki.write(pki.make(), tmp_path))
    service = f"tls-echo 8070 cert={tmp_path}/server_cert.pem ca={tmp_path}/server_ca.pem"
    assert await connected(service, b"AT+CIPSSLCCONF=2") == b"+ERRNO:0x8\r\n" + ERROR
    assert await connected(service, b"AT+CIPSSLCCONF=1") == b"+ERRNO:0x7780\r\n" + ERROR
    assert await connected(f"tls-echo 8070 cert={tmp_path}/server_cert.pem") == OPENED


def test_files_are_looked_for_beside_the_world_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(pki.write(pki.make(), tmp_path / "certificates"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    services = '["tls-echo 8070 cert=certificates/server_cert.pem", "tls-echo 8071 cert=server_cert"]'
    world = tmp_path / "world.toml"
    world.write_text(f'[[host]]\naddress = "192.168.3.50"\nserves = {services}\n')
    of_file, shipped = load_world(world).memory_hosts[0].serves
    assert of_file.options["cert"].certificate == (tmp_path / "certificates" / "server_cert.pem").read_bytes()
    assert shipped.options["cert"].certificate == shipped_value("server_cert", "server_cert")


async def test_certificate_and_key_in_one_file(tmp_path: Path) -> None:
    own = issued()
    (tmp_path / "both.pem").write_bytes(own.certificate + own.key)
    assert await connected(f"tls-echo 8070 cert={tmp_path}/both.pem") == OPENED


async def test_a_client_that_speaks_no_tls_is_let_go() -> None:
    world = read_world({"host": [NEAR | {"serves": ["tls-echo 8070"]}]}, "w")
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(CONNECT.replace(b"SSL", b"TCP")) == OPENED
        assert await bench.command(b"AT+CIPSEND=16") == PROMPT
        printed = await bench.send(b"GET / HTTP/1.0\r\n")
        assert printed.endswith(b"CLOSED\r\n")


CERTIFICATES = (
    "a set that ships (server_cert, client_cert.0, client_cert.1, mqtt_cert, wss_cert, https_cert) or a PEM file"
)
AUTHORITIES = CERTIFICATES.replace("_cert", "_ca")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("cert=nothing", f"'cert=' with {CERTIFICATES}, got '{Path.cwd()}/nothing', which does not exist"),
        ("cert=server_ca", f"'cert=' with {CERTIFICATES}, got 'server_ca', which is none"),
        (
            "cert=/dev/null",
            f"'cert=' with {CERTIFICATES}, got '/dev/null' (expected a regular file, got a device)",
        ),
        ("ca=/", f"'ca=' with {AUTHORITIES}, got '/' (Is a directory)"),
        ("ca=server_key", f"'ca=' with {AUTHORITIES}, got 'server_key', which is none"),
        ("ca=a\0b", f"'ca=' with {AUTHORITIES}, got '{Path.cwd()}/a\\x00b' ("),
        ("key=server_key", "'tls-echo [PORT] [cert=...] [ca=...]', got 'tls-echo 8070"),
    ],
)
def test_a_wrong_certificate_is_named_at_once(words: str, right: str) -> None:
    with pytest.raises(WorldError) as raised:
        read_world({"host": [NEAR | {"serves": [f"tls-echo 8070 {words}"]}]}, "w")
    (mistake,) = raised.value.mistakes
    assert mistake.place == "host#1.serves#1"
    assert mistake.problem.startswith(f"expected {right}")
