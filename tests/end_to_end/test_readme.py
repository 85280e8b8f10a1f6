"""The sessions of the README, typed over a serial port as they stand there, with real sockets behind it."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, ROOT, Client

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, WITH_TLS = re.findall(r"^```\n(AT.*?)^```$", README, re.MULTILINE | re.DOTALL)
PAYLOAD = b"ping"


def echo(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    """Serve one connection."""
    connection = listener.accept()[0]
    if context is not None:
        connection = context.wrap_socket(connection, server_side=True)
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)


@contextmanager
def gateway(port: int, folder: Path, context: ssl.SSLContext | None = None) -> Iterator[Path]:
    """An echo on this machine, and the world file in which it is that port of the gateway."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(LIMIT)
        server = Thread(target=echo, args=(listener, context))
        server.start()
        world = folder / "world.toml"
        world.write_text(f'[hosts]\n"192.168.3.1:{port}" = "127.0.0.1:{listener.getsockname()[1]}"\n')
        yield world
        server.join(LIMIT)
        assert not server.is_alive()


def type_session(client: Client, session: str) -> None:
    """Type the commands of a session, and the payload behind its prompt; every byte is as it is shown."""
    for shown in re.findall(r"^AT.*?(?=^AT|\Z)", session, re.MULTILINE | re.DOTALL):
        command, answer = shown.replace("\n", "\r\n").encode().split(b"\r\n", 1)
        client.write(command + b"\r\n")
        printed = client.serial.read(len(command) + 2)
        before, prompt, behind = answer.partition(b"\r\n>")
        printed += client.serial.read(len(before + prompt))
        if prompt:
            client.write(PAYLOAD)
            printed += client.serial.read(len(behind))
        assert printed == command + b"\r\n" + answer


def test_the_first_session(start: Start, tmp_path: Path) -> None:
    assert PAYLOAD.decode() in FIRST
    with gateway(8080, tmp_path) as world:
        simulator = start("--world", str(world))
        with Client(simulator.port()).started() as client:
            type_session(client, FIRST)
        assert simulator.stop() == 0


def test_the_session_with_tls(start: Start, tmp_path: Path) -> None:
    certificates = ROOT / "simulator" / "persist" / "shipped_pki"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server_cert.pem", certificates / "server_key.pem")
    with gateway(8070, tmp_path, context) as world:
        simulator = start("--world", str(world))
        with Client(simulator.port()).started().join() as client:
            type_session(client, WITH_TLS)
        assert simulator.stop() == 0
