"""Signals that end a program: the first one counts, at any moment."""

import signal
from collections.abc import Iterator

import pytest
import trio
import trio.testing

import espat.cli
from espat.cli.ending import SIGNALS, Ending


@pytest.fixture(autouse=True)
def handlers_stay() -> Iterator[None]:
    """Give the signals back to pytest."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_before_anything_runs_it_ends_the_program(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as caught, Ending():
        signal.raise_signal(number)
    assert caught.value.code == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_what_runs_is_told_once_and_may_clean_up(number: signal.Signals) -> None:
    steps: list[str] = []

    async def main(ending: Ending) -> int:
        try:
            signal.raise_signal(number)
            await ending.wait()
            steps.append("told")
        finally:
            for another in SIGNALS * 3:
                signal.raise_signal(another)
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            steps.append("clean")
        return 0

    with Ending() as ending:
        assert ending.run(main, ending) == 0
    for another in SIGNALS:
        signal.raise_signal(another)
    assert steps == ["told", "clean"]


def test_a_signal_while_it_waits() -> None:
    async def main(ending: Ending) -> int:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ending.wait)
            await trio.testing.wait_all_tasks_blocked()
            signal.raise_signal(signal.SIGTERM)
        return 7

    with Ending() as ending:
        assert ending.run(main, ending) == 7


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Ending():
        signal.raise_signal(signal.SIGHUP)


def test_without_a_signal_everything_is_as_it_was() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Ending():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])])
def test_an_interrupted_program_says_so_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, interruption: BaseException
) -> None:
    def interrupt(name: str) -> None:
        raise interruption

    monkeypatch.setattr(espat.cli, "import_module", interrupt)
    assert espat.cli.main(["play"]) == 130
