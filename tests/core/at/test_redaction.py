"""What a log shows: never a password."""

import logging

import pytest

from espat.core.at.redaction import Redactor
from espat.core.trace import Kind
from espat.persist.storage import Storage
from espat.radio.broadcast import Broadcast, Protocol
from espat.radio.smart_config import SMART_CONFIG_HEARD
from tests.workbench import workbench


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'AT+CWJAP="espressif","topsecret"', 'command AT+CWJAP="espressif","***"'),
        (b'at+cwjap="espressif","topsecret",,1', 'command AT+CWJAP="espressif","***",,1'),
        (b'AT+CWJAP="a\\"b","top\\"\\\\secret"', 'command AT+CWJAP="a\\"b","***"'),
        (b'AT+CWJAP="espressif",topsecret', "command AT+CWJAP, refused"),
        (b'AT+CWJAP="espressif","topsecret', "command AT+CWJAP, refused"),
        (b'AT+CWJAP:"espressif","topsecret"', "command of 32 bytes"),
        (b'AT+CWJAP "espressif","topsecret"', "command of 32 bytes"),
        (b'topsecret"\r\n', "command of 12 bytes"),
        (b'AT+HTTPCGET="http://me:topsecret@host/"', 'command AT+HTTPCGET="http://me:***@host/"'),
        (b'AT+HTTPCGET="http://host/"', 'command AT+HTTPCGET="http://host/"'),
        (b"AT+CWMODE?", "command AT+CWMODE?"),
        (b"AT+CWMODE=1", "command AT+CWMODE=1"),
        (b"AT", "command AT"),
        (b"AT+FAKE=1", "command AT+FAKE, refused"),
    ],
)
async def test_a_command(line: bytes, shown: str) -> None:
    async with workbench() as bench:
        redactor = Redactor(bench.module.firmware.registry, bench.module)
        assert redactor.render("in", Kind.COMMAND, line) == shown


async def test_a_password_is_hidden_wherever_it_turns_up_again() -> None:
    async with workbench() as bench:
        redactor = Redactor(bench.module.firmware.registry, bench.module, lambda: [b"of,the world"])
        redactor.render("in", Kind.COMMAND, b'AT+CWJAP="espressif","top\\"secret"')
        for text in (b'"top\\"secret"', b'"top"secret"', b'"of,the world"', b'"of\\,the world"'):
            assert redactor.render("out", Kind.RESULT, b"+X:" + text + b"\r\n") == r'result +X:"***"\r\n'


async def test_a_password_of_an_earlier_life_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    storage = Storage()
    storage.settings.write("nvs.net80211", "opmode", 2)
    storage.settings.write("nvs.net80211", "ap.ssid", b"soft")
    storage.settings.write("nvs.net80211", "ap.passwd", b"topsecret")
    storage.settings.write("nvs.net80211", "ap.authmode", 3)
    with caplog.at_level(logging.DEBUG, "espat.board"):
        async with workbench(storage=storage) as bench:
            assert b'+CWSAP:"soft","topsecret",' in await bench.command(b"AT+CWSAP?")
    assert 'result +CWSAP:"soft","***",' in caplog.text
    assert "topsecret" not in caplog.text


async def test_a_key_is_hidden_in_hexadecimal_too() -> None:
    async with workbench() as bench:
        redactor = Redactor(bench.module.firmware.registry, bench.module)
        shown = redactor.render("in", Kind.COMMAND, b'AT+CIPSSLCPSK="topsecret","me"')
        assert shown == 'command AT+CIPSSLCPSK="***","me"'
        answer = b"+CIPSSLCPSKHEX:0,746f70736563726574,me\r\n"
        assert redactor.render("out", Kind.RESULT, answer) == r"result +CIPSSLCPSKHEX:0,***,me\r\n"
        shown = redactor.render("in", Kind.COMMAND, b'AT+CIPSSLCPSKHEX="6D6F72652D736563726574","me"')
        assert shown == 'command AT+CIPSSLCPSKHEX="***","me"'
        for answer in (b"+CIPSSLCPSK:0,more-secret,me\r\n", b"+CIPSSLCPSKHEX:0,6d6f72652d736563726574,me\r\n"):
            assert b"***" in redactor.render("out", Kind.RESULT, answer).encode()


async def test_data_is_shown_by_its_length() -> None:
    async with workbench() as bench:
        redactor = Redactor(bench.module.firmware.registry, bench.module)
        assert redactor.render("in", Kind.DATA, b"private") == "data, 7 bytes"
        assert redactor.render("out", Kind.REPORT, b"\r\n+IPD,7:private\r\n", private=True) == "report, 18 bytes"


@pytest.mark.parametrize(
    "line",
    [b'AT+SYSMFG=1,"client_key","client_key.0",0,11', b'AT+SYSFLASH=2,"mfg_nvs",0,4'],
    ids=["manufacturing data", "flash"],
)
async def test_an_answer_with_data_of_the_users_is_shown_by_its_length(
    line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "espat.board"):
        async with workbench() as bench:
            answer = await bench.command(line)
    length = len(answer.removesuffix(b"\r\nOK\r\n"))
    assert length > len(b"+SYSMFG:")
    assert f"out: result, {length} bytes" in caplog.text
    assert "out: result +" not in caplog.text


async def test_a_password_that_a_phone_has_told_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    phone = Broadcast(Protocol.ESPTOUCH, b"espressif", b"not-the-one")
    with caplog.at_level(logging.DEBUG, "espat.board"):
        async with workbench(dialect="esp8266-v1.7") as bench:
            bench.module.announce(SMART_CONFIG_HEARD, phone)
            assert b"password:not-the-one\r\n" in await bench.settle()
    assert "ssid:espressif" in caplog.text
    assert "not-the-one" not in caplog.text
