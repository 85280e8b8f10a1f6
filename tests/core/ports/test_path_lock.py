"""One simulator at each path, whatever strangers do to the names of the locks."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from espat.core.ports.path_lock import NAMES, lock_path
from espat.core.ports.port import PortError


def stranger(path: Path, number: int) -> socket.socket:
    """Somebody who has taken a name, and is no simulator."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    place = hashlib.sha256(os.fsencode(path.parent.resolve() / path.name)).hexdigest()
    taken.bind(f"\0espat-port:{place}:{number}")
    return taken


def test_a_path_is_for_one_and_free_when_he_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "port"
    lock = lock_path(path, "--link PATH")
    for _ in range(3):
        with pytest.raises(PortError, match="belongs to another simulator that is running"):
            lock_path(path, "--link PATH")
    lock_path(tmp_path / "other", "--link PATH").close()
    lock.close()
    lock_path(path, "--link PATH").close()


@pytest.mark.parametrize("numbers", [(0,), (1, 5), range(NAMES - 1)])
def test_who_takes_names_first_keeps_nobody_out(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    path = tmp_path / "port"
    strangers = [stranger(path, number) for number in numbers]
    lock = lock_path(path, "--link PATH")
    for each in strangers:
        each.close()
    with pytest.raises(PortError, match="belongs to another simulator that is running"):
        lock_path(path, "--link PATH")
    lock.close()


def test_who_takes_them_all_is_told(tmp_path: Path) -> None:
    path = tmp_path / "port"
    strangers = [stranger(path, number) for number in range(NAMES)]
    with pytest.raises(PortError, match="is taken by another user"):
        lock_path(path, "--link PATH")
    for each in strangers:
        each.close()
