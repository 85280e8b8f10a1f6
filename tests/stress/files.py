"""Broken files of each kind: worlds, scenarios, traces, flash images, certificates. Each is read, or refused with what
is wrong; none takes long, much memory, or ends with a traceback.

A good file is changed by a seed: bytes, lines and pieces of its own grammar are removed, repeated, nested and replaced.
`python -m tests.stress.files 1 1000` plays the seeds 1 to 1000 and tells of those that find something.
"""

import contextlib
import io
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from espat.cli import main as espat
from espat.persist.storage import open_storage

LONGEST: Final = 20
"""Seconds that one file may take, on a machine that has much else to do."""
MEMORY: Final = 2**29
"""Bytes that the reading of one file may add."""
SIZES: Final = (1, 2, 5, 30, 1000, 20_000)
PIECES: Final = (
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b"(",
        b")",
        b'"',
        b"'",
        b'"""',
        b"=",
        b":",
        b",",
        b".",
        b"- ",
        b"&a ",
        b"*a",
        b"!!",
        b"#",
    ),
    *(
        b"\n",
        b" ",
        b"\t",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"0",
        b"-1",
        b"1e999",
        b"9" * 30,
        b"nan",
        b"\\",
        b"a.b",
        b"~",
    ),
    *(
        b"x = ",
        b"[[host]]\n",
        b"[[module]]\n",
        b"- {repeat: 99999, steps: [{send: AT}]}\n",
        b"- {include: file.yaml}\n",
    ),
    *(
        b"- {send: '{{x}}'}\n",
        b"- {expect: ['re:(a+)+b']}\n",
        b"<<: *a\n",
        b"? \n",
        b"|\n  ",
        b"---\n",
        b"same_as: file.yaml\n",
    ),
    *(b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n", b'{"t":', b'"bytes":"0"'),
)
WORLD: Final = b"""
[world]
seed = 7
[timing]
boot = 0.2
[hosts]
"broker.example.com" = "127.0.0.1:1883"
[[access_point]]
ssid = "lab"
password = "12345678"
channel = 3
[[host]]
address = "192.168.3.50"
name = "near.example"
serves = ["tcp-echo 7", "tls-echo 443"]
[[module]]
link = "./tty"
"""
SCENARIO: Final = b"""
title: 'any'
vars: {x: '1'}
world: {access_point: [{ssid: 'lab', password: '12345678'}]}
on:
  - {event: station.got_ip, do: [{send: 'AT'}]}
steps:
  - {send: 'AT+CWMODE=1'}
  - {expect: ['', 'OK']}
  - {repeat: 3, as: n, steps: [{send: 'AT'}, {expect: ['', 'OK']}]}
  - {wait_for: 're:O.', within: 1s}
"""
TRACE: Final = b'{"t": 0.1, "module": 0, "dir": "out", "kind": "result", "text": "\\r\\nOK\\r\\n"}\n' * 20


class TooLongError(BaseException):
    """A file has had its time."""


def changed(content: bytes, random: Random) -> bytes:
    """A file with some changes, of at most a few megabytes."""
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(len(content) + 1)
        end = min(len(content), at + random.choice((1, 3, 20, 200)))
        piece = random.choice((random.choice(PIECES), content[at:end], random.randbytes(3)))
        way = random.random()
        if way < 0.25:
            content = content[:at] + content[end:]
        elif way < 0.75:
            content = content[:at] + piece * random.choice(SIZES) + content[at:]
        else:
            content = content[:at] + piece + content[end:]
        content = content[: 2**22]
    return content


def words(path: Path, kind: str) -> list[list[str]]:
    """What reads a file of a kind."""
    flash = str(path.with_name("flash.bin"))
    return {
        "world.toml": [["check", str(path)]],
        "file.yaml": [["check", str(path)]],
        "trace.jsonl": [["trace", str(path)]],
        "image.bin": [["flash", "show", str(path)], ["flash", "set", str(path), "NVM_008", "dns1", "1.1.1.1"]],
        "part.bin": [["flash", "import", flash, "mfg_nvs", str(path)], ["flash", "show", flash]],
        "file.pem": [["check", str(path.with_name("tls.toml"))]],
    }[kind]


def read_changed(seed: int, folder: Path) -> None:
    """Change one file of each kind by that seed, and have it read. Raises AssertionError, or what went wrong."""
    random = Random(seed)
    flash = folder / "flash.bin"
    if not flash.exists():
        open_storage(flash).close()
        (folder / "tls.toml").write_text(
            '[[host]]\naddress = "192.168.3.9"\nserves = ["tls-echo 443 cert=file.pem ca=file.pem"]\n'
        )
    image = flash.read_bytes()
    good = {
        "world.toml": WORLD,
        "file.yaml": SCENARIO,
        "trace.jsonl": TRACE,
        "image.bin": image,
        "part.bin": image[0x20000 : 0x20000 + 0x3000],
        "file.pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    }
    for kind, content in good.items():
        path = folder / kind
        path.unlink(missing_ok=True)
        path.write_bytes(
            _of_size(changed(content, random), len(content)) if kind == "image.bin" else changed(content, random)
        )
        for each in words(path, kind):
            with bounded(f"{kind}: {each[0]}"):
                code = _quietly(each)
            assert code in (0, 1, 2), f"{kind}: {each}: {code}"


def _of_size(content: bytes, size: int) -> bytes:
    return content[:size].ljust(size, b"\xff")


def _quietly(arguments: list[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            return espat(arguments)
        except SystemExit as ended:
            return int(ended.code or 0)


@contextlib.contextmanager
def bounded(what: str) -> Iterator[None]:
    """Raises AssertionError when it takes too long, or too much memory."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TooLongError(f"{what} takes more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, end)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(LONGEST)
    try:
        yield
    except TooLongError as error:
        raise AssertionError(str(error)) from error
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    taken = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory)
    assert taken < MEMORY, f"{what} takes {taken} bytes"


def play(first: int, last: int, say: Callable[[str], None] = print) -> int:
    """Play the seeds; returns how many have found something."""
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, last + 1):
            try:
                read_changed(seed, Path(folder))
            except Exception:
                found += 1
                say(f"seed {seed}:\n{traceback.format_exc()}")
    say(f"{last - first + 1} seeds, six files each: {found} found something")
    return found


if __name__ == "__main__":
    sys.exit(1 if play(int(sys.argv[1]), int(sys.argv[2])) else 0)
