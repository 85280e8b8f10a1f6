"""Where the channels of a user's runs are."""

import os
from pathlib import Path

import pytest

from espat.control import places
from espat.control.places import Note, Place, PlaceError, parse_place


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "espat"


def test_what_a_run_has_noted_is_found_by_the_same_user(runtime: Path) -> None:
    note = Note(os.getpid(), Place(None, "127.0.0.1", 4444), "secret")
    path = places.leave_note(note)
    assert (runtime.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert places.notes() == [note]
    path.unlink()
    assert places.notes() == []


def test_a_run_that_was_killed_is_forgotten(runtime: Path) -> None:
    places.leave_note(Note(2**22 - 3, Place(Path("/nowhere"))))
    assert places.notes() == []
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"control": 5}', b'{"control": "udp:1"}', b"\xff"])
def test_a_note_that_is_none_is_passed_over(runtime: Path, content: bytes) -> None:
    places.leave_note(Note(os.getpid(), Place(Path("/somewhere")))).write_bytes(content)
    assert places.notes() == []


def test_a_folder_that_others_can_open_is_refused(runtime: Path) -> None:
    runtime.mkdir()
    runtime.chmod(0o755)
    with pytest.raises(PlaceError, match="expected a folder that only you can open"):
        places.leave_note(Note(os.getpid(), Place(Path("/somewhere"))))
    with pytest.raises(PlaceError):
        places.notes()


@pytest.mark.parametrize("text", ["unix:/tmp/x", "tcp:127.0.0.1:4444", "tcp:127.5.0.1:0"])
def test_a_place_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_place(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("here", "expected unix:PATH or tcp:127.0.0.1:PORT, got 'here'"),
        ("unx:x", "unknown scheme 'unx' (did you mean 'unix'?)"),
        ("unix:", "expected unix:PATH, got 'unix:'"),
        ("tcp:0.0.0.0:1", "expected tcp:127.0.0.1:PORT (only this machine may control a run), got 'tcp:0.0.0.0:1'"),
        ("tcp:127.0.0.1:70000", "expected tcp:127.0.0.1:PORT (only this machine may control a run), got "
         "'tcp:127.0.0.1:70000'"),
    ],
)  # fmt: skip
def test_a_place_that_is_none(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"expected|unknown") as error:
        parse_place(text)
    assert str(error.value) == message
