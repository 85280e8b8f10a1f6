"""What end-to-end tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.simulator_process import SimulatorProcess

Start = Callable[..., SimulatorProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow: real processes in real time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `espat run` with some options in the test's own directory; ends it with the test."""
    with ExitStack() as processes:

        def start_one(*options: str) -> SimulatorProcess:
            return processes.enter_context(SimulatorProcess(tmp_path, *options))

        yield start_one
