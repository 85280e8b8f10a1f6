"""What every test is held to."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let folders of tests use all processors, unless the command line has its own idea (-n, --dist, --pdb)."""
    option = config.option
    unsaid = getattr(option, "numprocesses", 0) is None and option.dist == "no"
    in_a_worker = hasattr(config, "workerinput")
    if unsaid and not in_a_worker and not option.usepdb and any(Path(argument).is_dir() for argument in config.args):
        option.numprocesses = len(os.sched_getaffinity(0))
        option.dist = "worksteal"


class _Collector(logging.Handler):
    """Keeps the messages of errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))


@pytest.fixture(autouse=True)
def panics() -> Iterator[list[str]]:
    """What was logged of failures of the simulator itself: a test must end with none.

    A test that provokes one takes this fixture, looks at the list and clears it.
    """
    collector = _Collector()
    log = logging.getLogger("espat.core.panics")
    log.addHandler(collector)
    try:
        yield collector.messages
    finally:
        log.removeHandler(collector)
    assert not collector.messages, "\n".join(collector.messages)
