"""What every test is held to."""

import logging
from collections.abc import Iterator

import pytest


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
