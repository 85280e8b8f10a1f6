"""The pytest plugin: the fixture `espat`, and the trace of its simulation in the report of a test that fails.

    def test_my_firmware(espat):
        module = espat.modules[0]
        start_firmware(module.path)             # the path of a serial device
        module.wait_for(module_prints="WIFI GOT IP")
        espat.access_point.off("espressif")

`@pytest.mark.espat(...)` gives the arguments of `espat.simulation`, with paths from the folder of the test's file;
`--espat-trace DIR` writes a trace of each test.
"""

import inspect
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ExceptionRepr

if TYPE_CHECKING:
    from espat import SynchronousSimulation

SHOWN = 60
"""Messages of the trace in a report."""
_simulation = pytest.StashKey["SynchronousSimulation"]()
_failed = pytest.StashKey[bool]()
"""Whether the test itself, not only what was around it, has failed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("espat").addoption(
        "--espat-trace", metavar="DIR", help="write a trace of each test's simulation there; it holds passwords"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "espat(**arguments): the arguments of espat.simulation for the fixture espat")


def _started(arguments: dict[str, Any], exits: ExitStack) -> "SynchronousSimulation":
    """The simulation that the arguments of a mark make, until `exits` ends it; who has written wrong ones needs no
    traceback."""
    from espat import simulation  # the whole simulator: only for a test that uses it
    from espat.core.suggestions import unknown

    try:
        known = inspect.signature(simulation).parameters
        for name in arguments:
            if name not in known:
                raise ValueError(unknown("argument", name, known))
        return exits.enter_context(simulation(**arguments))
    except (OSError, ValueError) as error:
        mistake = str(error)
    pytest.fail(f"@pytest.mark.espat: {mistake}", pytrace=False)


@pytest.fixture
def espat(request: pytest.FixtureRequest) -> "Iterator[SynchronousSimulation]":
    """A simulation that runs, its modules on serial devices."""
    marker = request.node.get_closest_marker("espat")
    arguments: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    arguments.setdefault("folder", request.path.parent)
    directory = request.config.getoption("--espat-trace")
    if directory is not None and "trace" not in arguments:
        Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", request.node.nodeid)[-120:]
        arguments["trace"] = (Path(directory) / f"{name}.jsonl").absolute()
    from espat import PanicError  # as the simulation itself

    try:
        with ExitStack() as exits:
            running = _started(arguments, exits)
            request.node.stash[_simulation] = running
            yield running
    except PanicError:
        if not request.node.stash.get(_failed, False):
            raise


@pytest.hookimpl(wrapper=True, tryfirst=True)  # whatever others make of it, a mark that it is expected to fail say
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    running = item.stash.get(_simulation, None)
    if report.when == "call" and running is not None and running.panics and not report.failed:
        from espat import PanicError  # as the simulation itself

        report.outcome, report.longrepr = "failed", str(PanicError(running.panics))
        report.__dict__.pop("wasxfail", None)
    item.stash[_failed] = report.when == "call" and report.failed
    if report.failed and running is not None:
        title, happened = "espat: what happened (module seconds)", "\n".join(running.trace_lines(SHOWN))
        if isinstance(report.longrepr, ExceptionRepr):  # of which JUnit's XML has all, and of sections what is captured
            report.longrepr.addsection(title, happened)
        else:
            report.sections.append((title, happened))
    return report
