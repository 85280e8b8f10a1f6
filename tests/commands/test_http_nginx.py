"""HTTP with nginx as the server."""

import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.commands.test_http import handed_in, result
from tests.commands.test_mqtt_mosquitto import free_port
from tests.commands.test_ssl_programs import listens
from tests.network import NO_ANSWER, soon
from tests.programs import need_program
from tests.stations import PEER, station
from tests.texts import OK
from tests.workbench import Workbench

pytestmark = pytest.mark.peers

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location = /moved {{ return 302 /file; }}
        location = /echo {{ return 200 "$request_method $content_type $content_length"; }}
    }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path) -> AsyncIterator[bytes]:
    """The server, with the files of a folder; gives its URL."""
    port = await free_port()
    program = need_program("nginx", "nginx-light")
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port), encoding="ascii")
    command = [program, "-e", str(folder / "error.log"), "-c", str(configuration), "-g", "master_process off;"]
    with trio.fail_after(6 * NO_ANSWER):
        async with trio.open_nursery() as nursery:
            run = partial(trio.run_process, command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            await nursery.start(run)
            while not listens(port):
                await trio.sleep(0.01)  # it says nothing about it
            yield b"http://%b:%d" % (PEER.encode(), port)
            nursery.cancel_scope.cancel()


async def body(bench: Workbench, line: bytes, name: bytes) -> bytes:
    """The records of a command, put together."""
    bench.port.send(line + b"\r\n")
    whole = b""
    while (head := await soon(bench.port.read_exactly(1))) != b"\r":
        head += await soon(bench.port.read_until(b","))
        assert head.startswith(b"+%b:" % name)
        whole += await soon(bench.port.read_exactly(int(head[len(name) + 2 : -1])))
        assert await soon(bench.port.read_exactly(2)) == b"\r\n"
    assert await soon(bench.port.read_exactly(len(OK) - 1)) == OK[1:]
    return whole


async def test_a_file_its_size_and_a_part_of_it(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(200_000)
    (tmp_path / "file").write_bytes(content)
    async with nginx(tmp_path) as url, station() as bench:
        where = b'"%b/file"' % url
        assert await result(bench, b"AT+HTTPGETSIZE=" + where) == b"+HTTPGETSIZE:200000\r\n" + OK
        assert await body(bench, b"AT+HTTPCGET=" + where, b"HTTPCGET") == content
        assert await handed_in(bench, b"AT+HTTPCHEAD=18", b"Range: bytes=0-255", OK) == OK
        assert await body(bench, b"AT+HTTPCLIENT=2,0,%b,,,1" % where, b"HTTPCLIENT") == content[:256]


async def test_what_is_sent_and_what_is_not_followed(tmp_path: Path) -> None:
    async with nginx(tmp_path) as url, station() as bench:
        line = b'AT+HTTPCPOST="%b/echo",3,1,"content-type: text/x"' % url
        printed = await handed_in(bench, line, b"abc", b"SEND OK\r\n")
        assert printed == b"+HTTPCPOST:13,POST text/x 3\r\n\r\nSEND OK\r\n"
        printed = await result(bench, b'AT+HTTPCLIENT=4,3,"%b/echo",,,1' % url)
        assert printed == b"+HTTPCLIENT:14,PUT text/xml 0\r\n" + OK
        assert b"302 Found" in await body(bench, b'AT+HTTPCGET="%b/moved"' % url, b"HTTPCGET")
