"""The pytest plugin: the fixture `espat`, and the trace of its simulation in the report of a test that fails.

    def test_my_firmware(espat):
        module = espat.modules[0]
        start_firmware(module.path)             # the path of a serial device
        module.wait_for(module_prints="WIFI GOT IP")
        espat.access_point.off("espressif")

`@pytest.mark.espat(...)` gives the arguments of `espat.simulation`; `--espat-trace DIR` writes a trace of each test.
"""

import inspect
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from espat import SynchronousSimulation

SHOWN = 60
"""Messages of the trace in a report."""
_simulation = pytest.StashKey["SynchronousSimulation"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("espat").addoption(
        "--espat-trace", metavar="DIR", help="write a trace of each test's simulation there; it holds passwords"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "espat(**arguments): the arguments of espat.simulation for the fixture espat")


def _mistake(simulation: "Callable[..., SynchronousSimulation]", arguments: dict[str, Any]) -> str | None:
    """What is wrong with the arguments of a mark: who has written it needs no traceback."""
    known = inspect.signature(simulation).parameters
    for name in arguments:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            return f"found {name!r}, which is no argument of it" + (f"; {near[0]} would be right" if near else "")
    try:
        simulation(**arguments)
    except (OSError, ValueError) as error:
        return str(error)
    return None


@pytest.fixture
def espat(request: pytest.FixtureRequest) -> "Iterator[SynchronousSimulation]":
    """A simulation that runs, its modules on serial devices."""
    from espat import simulation  # the whole simulator: only for a test that uses it

    marker = request.node.get_closest_marker("espat")
    arguments: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    directory = request.config.getoption("--espat-trace")
    if directory is not None and "trace" not in arguments:
        Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", request.node.nodeid)[-120:]
        arguments["trace"] = Path(directory) / f"{name}.jsonl"
    mistake = _mistake(simulation, arguments)
    if mistake is not None:
        pytest.fail(f"@pytest.mark.espat: {mistake}", pytrace=False)
    with ExitStack() as exits:
        running = simulation(**arguments)
        try:
            exits.enter_context(running)
        except (OSError, ValueError) as error:  # of files that cannot be used
            mistake = str(error)
        if mistake is not None:
            pytest.fail(f"@pytest.mark.espat: {mistake}", pytrace=False)
        request.node.stash[_simulation] = running
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    running = item.stash.get(_simulation, None)
    if report.failed and running is not None:
        report.sections.append(("espat: what happened (module seconds)", "\n".join(running.trace_lines(SHOWN))))
    return report
