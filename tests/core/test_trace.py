"""Trace files: one JSON object a line, for their owner's eyes only."""

import json
from pathlib import Path

import pytest

from espat.core.trace import Kind, Trace


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_text_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    trace = Trace(path)
    trace.record(0.0, 0, "out", Kind.REPORT, b"\r\nready\r\n")
    trace.record(1.23456789, 1, "in", Kind.COMMAND, b'AT+CWJAP="espressif","1234567890"')
    trace.record(2, 0, "in", Kind.DATA, b"\x00\xff")
    trace.record(2, 0, "world", Kind.EVENT, b"")
    assert lines(path) == [
        {"t": 0.0, "module": 0, "dir": "out", "kind": "report", "text": "\r\nready\r\n"},
        {"t": 1.234568, "module": 1, "dir": "in", "kind": "command", "text": 'AT+CWJAP="espressif","1234567890"'},
        {"t": 2, "module": 0, "dir": "in", "kind": "data", "bytes": "00ff"},
        {"t": 2, "module": 0, "dir": "world", "kind": "event", "text": ""},
    ]
    trace.close()


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    Trace(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_old_file_is_emptied_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("old\n")
    path.chmod(0o666)
    Trace(path).close()
    assert path.read_text() == ""
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trace(tmp_path / "missing" / "trace.jsonl")


def test_a_full_disk_ends_the_trace_with_one_message_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    full = Path("/dev/full")
    mode = full.stat().st_mode
    trace = Trace(full)
    for _ in range(2):
        trace.record(0, 0, "out", Kind.RESULT, b"\r\nOK\r\n")
    trace.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the trace /dev/full ends here: No space left on device"
    ]
    assert full.stat().st_mode == mode


@pytest.mark.parametrize("data", [b"\x7f", b"\x1b[0m", "ü".encode(), b"\x00"])
def test_what_is_not_plain_text_is_hexadecimal(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    trace = Trace(path)
    trace.record(0, 0, "out", Kind.DATA, data)
    trace.close()
    assert lines(path)[0]["bytes"] == data.hex()
